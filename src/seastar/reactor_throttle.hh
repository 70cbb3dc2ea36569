// What a reactor with real-time priority leaves to others: work that unknown sources can cause asks here
// after each piece, and pauses a moment when the reactor has hardly ever waited lately. Releases go on
// meanwhile.
#pragma once

#include <seastar/core/condition-variable.hh>
#include <seastar/core/timer.hh>

#include "io/clock.hh"
#include "io/cpu_throttle.hh"

namespace cuttle {

class ReactorThrottle {
 public:
  ReactorThrottle() : timer_([this] { ended_.broadcast(); }) {}

  // The reactor has real-time priority from now on.
  void handle_realtime() { realtime_ = true; }

  // Whether work has to wait. Then, for co_await, until it may go on:
  //
  //   while (throttle.is_on()) co_await throttle.end();
  bool is_on();
  auto end() { return ended_.when(); }

 private:
  bool realtime_ = false;
  CpuThrottle throttle_ = CpuThrottle::of_receiver();
  MonotonicClock clock_;
  Instant until_{};
  seastar::timer<> timer_;
  seastar::condition_variable ended_;
};

}  // namespace cuttle
