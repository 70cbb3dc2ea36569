// Waiting for several descriptors at once (epoll), and waking a thread from another (eventfd).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

// One thread waits; any thread may add or remove.
class EventQueue {
 public:
  enum class Trigger {
    level,  // reported as long as there is something to read
    edge,   // reported when something new comes: read until there is nothing
  };

  static Result<EventQueue> create();

  // `tag` comes back from wait(). The descriptor stays the caller's.
  Result<void> add(int fd, uint64_t tag, Trigger trigger);
  void remove(int fd);

  // The tags of readable descriptors, at most out.size() of them. Waits for `timeout` at the longest, without
  // end when there is none; an interrupting signal ends the wait, too.
  size_t wait(std::span<uint64_t> out, std::optional<Duration> timeout);

  // To wait on, in another queue, until there is something to wait() for; stays the queue's.
  int fd() const { return fd_.get(); }

 private:
  explicit EventQueue(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

// Set by any thread, waited for by one.
class WakeUp {
 public:
  static Result<WakeUp> create();
  void set() const;
  // Forgets that it was set.
  void clear() const;
  int fd() const { return fd_.get(); }

 private:
  explicit WakeUp(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
