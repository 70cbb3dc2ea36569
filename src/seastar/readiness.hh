// Waiting on a reactor for descriptors that stay their owners', in a way that can be ended. A pollable_fd
// that somebody waits for cannot be taken away (the kernel may still report to it), and a TUN cannot be shut
// down; so what the reactor polls is an epoll instance of our own, with the descriptors and an eventfd in it.
#pragma once

#include <cstdint>
#include <seastar/core/future.hh>
#include <seastar/core/internal/pollable_fd.hh>
#include <span>

#include "base/result.hh"
#include "io/event_queue.hh"

namespace cuttle {

class Readiness {
 public:
  static Result<Readiness> create();
  // Of one descriptor, for who need not ask which is ready.
  static Result<Readiness> watch(int fd);

  // `tag` comes back from ready(), and is not 0.
  Result<void> add(int fd, uint64_t tag) { return events_.add(fd, tag, EventQueue::Trigger::level); }
  void remove(int fd) { events_.remove(fd); }

  // As soon as there is something to read, or at once after end(). One wait at a time.
  seastar::future<> readable() { return polled_.readable(); }
  // Which have something to read now: that many tags. 0 is among them after end().
  size_t ready(std::span<uint64_t> tags) { return events_.wait(tags, Duration{0}); }
  // Ends every wait, now and later, or until clear_end().
  void end() { end_.set(); }
  void clear_end() { end_.clear(); }

 private:
  Readiness(EventQueue events, WakeUp end, seastar::pollable_fd polled)
      : events_(std::move(events)), end_(std::move(end)), polled_(std::move(polled)) {}

  EventQueue events_;
  WakeUp end_;
  seastar::pollable_fd polled_;
};

}  // namespace cuttle
