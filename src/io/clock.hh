// The drivers' clock: CLOCK_MONOTONIC, which no setting of the wall clock moves. The core never asks for the
// time; it is given. Tests that need no real time pass instants of their own.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.hh"

namespace cuttle {

class MonotonicClock {
 public:
  Instant now() const;
  // Sleeps; returns at once when the time has passed. Signals do not shorten it.
  void sleep_until(Instant when) const;
  // Polls the clock without giving up the processor, as MPI libraries do.
  void poll_until(Instant when) const;
  // The same, but lets other threads of this CPU run in between.
  void yield_until(Instant when) const;
};
inline Instant steady_now() {
  return MonotonicClock().now();
}

// What that clock is ahead of the kernel's own by: in a time namespace (time_namespaces(7)) it may be any
// time; elsewhere 0.
Duration monotonic_offset();

// Nanoseconds since 1970, for time stamps; may jump.
uint64_t wall_clock_ns();

// All clocks at one instant, but for a millisecond at the most (more, where this thread is kept from running
// each time it tries).
ClockReadings read_clocks();
using ReadClocks = std::function<ClockReadings()>;

// What the calling thread has used of a CPU so far, and how often it gave it up to wait for something. A
// system call.
struct ThreadUse {
  Duration cpu{};
  uint64_t waits = 0;
};
ThreadUse thread_use();

}  // namespace cuttle
