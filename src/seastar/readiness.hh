// Waiting on a reactor for a descriptor that stays its owner's, in a way that can be ended. A pollable_fd
// that somebody waits for cannot be taken away (the kernel may still report to it), and a TUN cannot be shut
// down; so what the reactor polls is an epoll instance of our own, with the descriptor and an eventfd in it.
#pragma once

#include <seastar/core/future.hh>
#include <seastar/core/internal/pollable_fd.hh>

#include "base/result.hh"
#include "io/event_queue.hh"

namespace cuttle {

class Readiness {
 public:
  static Result<Readiness> watch(int fd);

  // As soon as there is something to read, or at once after end(). One wait at a time.
  seastar::future<> readable() { return polled_.readable(); }
  // Ends every wait, now and later.
  void end() { end_.set(); }

 private:
  Readiness(EventQueue events, WakeUp end, seastar::pollable_fd polled)
      : events_(std::move(events)), end_(std::move(end)), polled_(std::move(polled)) {}

  EventQueue events_;
  WakeUp end_;
  seastar::pollable_fd polled_;
};

}  // namespace cuttle
