// A node's own clocks: its monotonic clock began at another time and runs a little fast or slow; its wall
// clock may be wrong by hours.
#pragma once

#include "base/time.hh"

namespace cuttle::sim {

struct SimClock {
  Duration offset{};  // of the monotonic clock at time 0
  int64_t drift_ppm = 0;
  Duration wall_offset{};  // of the wall clock

  Instant local(Instant global) const {
    return global + offset + Duration{global.ns * drift_ppm / 1'000'000};
  }
  // The first instant at which the node's clock shows `at`, or later.
  Instant global(Instant at) const {
    Instant guess{at.ns - offset.ns};
    for (int i = 0; i < 4; ++i) guess = guess + (at - local(guess));
    while (local(guess) < at) guess.ns += 1;
    return guess;
  }
  uint64_t wall_ns(Instant global_now) const {
    constexpr int64_t kNewYear2025 = 1'735'689'600'000'000'000;
    return static_cast<uint64_t>(kNewYear2025 + global_now.ns + wall_offset.ns);
  }
};

}  // namespace cuttle::sim
