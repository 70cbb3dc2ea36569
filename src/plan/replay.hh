// A load sent through the core's own packer, ring and schedule in virtual time: how long each packet would
// have waited.
#pragma once

#include <cstdint>

#include "base/time.hh"
#include "config/config.hh"
#include "link/schedule.hh"
#include "plan/load.hh"

namespace cuttle::plan {

// From a packet's arrival at the link to the release of the cell with its last byte.
struct Waits {
  Duration median;
  Duration p99;
  Duration most;
};

struct Replay {
  Waits waits;
  double saturated = 0;  // share of the time in which more waited than the next slot takes
  double used = 0;       // share of the cells with data in them
  uint64_t packets = 0;  // that left within the replay
  bool keeps_up = true;  // everything left soon after the load's end
};

// Precondition: plan_slots took the shape. The packets keep coming however long the queue gets; TCP would
// hold back, and wait elsewhere instead.
Replay replay(const LinkLoad& load, const SlotPlan& plan, uint32_t cell_bytes);

}  // namespace cuttle::plan
