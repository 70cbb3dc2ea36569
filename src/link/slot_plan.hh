// How the slots of a lane look: how many cells, at which period, in how many trains. The period is exactly
// what the rate asks for whole cells: a fraction, of which only the instants are rounded to nanoseconds.
#pragma once

#include <cstdint>

#include "base/time.hh"

namespace cuttle {

// What an operator asks for.
struct ShapeRequest {
  uint32_t cell_bytes;
  bool is_v6 = false;  // of the underlay: decides how many IP bytes a cell is
  uint64_t rate_bps;   // of IP bytes
  Duration slot;       // wished; the real one is the nearest that carries whole cells at exactly that rate
  uint32_t jitter_percent = 0;  // of the slot, 100 at the most
  uint32_t lanes = 1;           // the rate is shared by so many lanes
  bool scatter = false;     // cells one by one, drawn inside the jitter's share, or the whole slot without
  uint32_t node_lanes = 1;  // of all links of the node, this one's included
};

// What is then done, per lane.
struct SlotPlan {
  uint32_t cells_per_slot = 1;    // 1 to kMaxCellsPerSlot
  uint64_t period_numerator = 0;  // the period is numerator / denominator nanoseconds
  uint64_t period_denominator = 1;
  Duration jitter = {0};  // width of the draw
  bool scatter = false;
  uint32_t trains_per_slot = 1;  // where not scattered
  uint32_t node_lanes = 1;       // as asked for
  uint32_t calls_per_release = 1;

  uint32_t releases_per_slot() const { return scatter ? cells_per_slot : trains_per_slot; }
  uint32_t cells_per_release() const { return scatter ? 1 : cells_per_slot / trains_per_slot; }
  // Exactly, not to the nanosecond.
  bool same_period(const SlotPlan& other) const {
    return period_numerator == other.period_numerator && period_denominator == other.period_denominator;
  }
  Duration period() const { return {static_cast<int64_t>(period_numerator / period_denominator)}; }
};

inline constexpr uint32_t kMaxCellsPerSlot = 900;
inline constexpr uint32_t kMaxReleasesPerSlot = 256;
inline constexpr Duration kShortestSlot = microseconds(10);
inline constexpr Duration kLongestSlot = seconds(1);

// The most cells of that size which leave in one call, and so as one train that the network card cuts.
uint32_t max_cells_per_call(uint32_t cell_bytes);

// False when no plan exists (rate, slot or jitter out of range): `plan` is then untouched.
bool plan_slots(const ShapeRequest& request, SlotPlan& plan);

}  // namespace cuttle
