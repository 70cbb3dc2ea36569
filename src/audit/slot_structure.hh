// What can be told of a link's slots from its packets alone: how long a slot is, how many cells it carries,
// and which gap divides one slot's train from the next. An attacker has no configuration, so neither has the
// audit.
#pragma once

#include <cstdint>
#include <span>

namespace cuttle::audit {

struct SlotStructure {
  double train_gap_ns =
      0;                 // a gap larger than this begins a new train; 0: every packet is a train of its own
  double period_ns = 0;  // from one train's start to the next one's, in the mean of regular slots
  uint32_t cells = 1;    // of a train, most often
  double skip_ratio = 1.75;  // a start-to-start gap of more than so many periods has left out a slot
  double origin_ns = 0;      // a point of the grid: first train's start
};

// `times_ns`: arrival times in order, a few thousand at least for a sound estimate. Labels play no part.
SlotStructure estimate_slots(std::span<const int64_t> times_ns);

}  // namespace cuttle::audit
