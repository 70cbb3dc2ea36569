// A load sent through the core's own flow queue, packer, ring, schedule and reassembler in virtual time: how
// long each packet would have waited.
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
  Duration max;
};

struct Replay {
  Waits waits;
  double saturated = 0;    // share of the time in which more waited than the next slot takes
  double used = 0;         // share of the cells with data in them
  uint64_t packets = 0;    // that left within the replay
  uint64_t held_back = 0;  // of these: found the link's queue full, and waited at their senders for room
  bool keeps_up = true;    // everything left soon after the load's end
};

// Precondition: plan_slots took the shape. The link's queue is bounded (lane_sizes). Where it is full a real
// link drops, and TCP holds back; here the packet waits at its sender, behind earlier ones of its flow alone,
// and its wait counts.
Replay replay(const LinkLoad& load, const SlotPlan& plan, uint32_t cell_bytes,
              Duration seal_one_cell = nanoseconds(250));

}  // namespace cuttle::plan
