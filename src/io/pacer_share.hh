// What a pacer that is asked for more than the host has takes of its CPU: it leaves slots out, and receiver
// and packer have the rest. One that keeps its schedule takes what that takes.
#pragma once

#include "base/time.hh"
#include "io/cpu_throttle.hh"

namespace cuttle {

class PacerShare {
 public:
  // Where the others run on the same CPU. They need about as much.
  static constexpr int kSharedCpuPercent = 60;
  // So late, it does not keep its schedule.
  static constexpr Duration kBehind = milliseconds(10);

  explicit PacerShare(int max_percent) : throttle_(kWindow, max_percent, kMostWindows) {}

  bool is_due(Instant now) const { return throttle_.is_due(now); }
  // When it is: how long the pacer should rest now. `used`: what it used of the CPU so far; `drawn`: when the
  // next release was meant to leave.
  Duration handle_window(Instant now, Duration used, Instant drawn) {
    const Duration rest = throttle_.handle_window(now, used);
    return now - drawn > kBehind ? rest : Duration{0};
  }

 private:
  // It keeps to its share over so long: then a rest is a few slots.
  static constexpr Duration kWindow = milliseconds(4);
  // And where it was not behind for a while, no longer than what a schedule makes up for (schedule.hh,
  // kLongestPause).
  static constexpr int64_t kMostWindows = 15;

  CpuThrottle throttle_;
};

}  // namespace cuttle
