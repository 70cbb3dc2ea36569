// The control thread waits until a loop has taken a change of its lanes.
#pragma once

#include "engine/lane_handover.hh"
#include "engine/loop_limits.hh"
#include "io/clock.hh"

namespace cuttle {

inline void wait_for_loop(const LaneHandover& change) {
  MonotonicClock clock;
  while (!change.is_taken()) clock.sleep_until(clock.now() + kHandoverInterval);
}

}  // namespace cuttle
