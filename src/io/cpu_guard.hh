// Keeps a real-time thread from taking a whole CPU away from the machine: one that has hardly ever waited
// lately is to rest for a moment. The kernel has such a limit for all real-time threads together, but an
// operator may have turned it off, and it stops the thread that keeps time as well.
#pragma once

#include "base/time.hh"

namespace cuttle {

class CpuGuard {
 public:
  static constexpr Duration kWindow = milliseconds(20);
  static constexpr Duration kRest = milliseconds(1);
  static constexpr int kMostPercent = 90;

  // Whether it is time to ask for the thread's CPU time, which costs a system call.
  bool is_due(Instant now) const { return now - since_ >= kWindow; }
  // Once a window: how long the thread should rest now. `used`: its CPU time so far.
  Duration handle_window(Instant now, Duration used) {
    const Duration window = now - since_;
    const Duration busy = used - used_;
    since_ = now;
    used_ = used;
    return busy * 100 > window * kMostPercent ? kRest : Duration{0};
  }

 private:
  Instant since_{};
  Duration used_{};
};

}  // namespace cuttle
