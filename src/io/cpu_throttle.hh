// Keeps a real-time thread from taking more of a CPU than its share: one that was at work for longer, lately,
// pauses until it has kept to it. The kernel has such a limit for all real-time threads together, but an
// operator may have turned it off, and it stops the thread that keeps time as well.
#pragma once

#include <algorithm>

#include "base/time.hh"

namespace cuttle {

class CpuThrottle {
 public:
  // A receiver's share: what unknown sources send must not take a CPU away from the machine.
  static CpuThrottle of_receiver() { return {milliseconds(20), 95}; }

  // A thread that had work all the time pauses after each window. What it used in pauses that it did not take
  // is made up for, up to `most_windows`: else a minute of them would add up to seconds.
  CpuThrottle(Duration window, int max_percent, int64_t most_windows = 2)
      : window_(window), max_percent_(max_percent), most_windows_(most_windows) {}

  // Whether it is time to ask for the thread's CPU time, which costs a system call.
  bool is_due(Instant now) const { return now - since_ >= window_; }
  // Once a window: how long the thread should pause now. `used`: its CPU time so far.
  Duration handle_window(Instant now, Duration used) {
    const Duration window = now - since_;
    const Duration busy = std::min(used - used_, window * most_windows_);
    const Duration with_pause = busy * 100 / max_percent_;
    const Duration pause = with_pause > window ? with_pause - window : Duration{0};
    since_ = now + pause;
    used_ = used;
    return pause;
  }

 private:
  Duration window_;
  int max_percent_;
  int64_t most_windows_;
  Instant since_{};
  Duration used_{};
};

}  // namespace cuttle
