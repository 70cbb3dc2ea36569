// When a lane releases cells. Slot k of a lane begins at epoch + k * period, where period is exactly what the
// rate asks for n cells (a fraction; only the instants are rounded to nanoseconds), so no error adds up. With
// jitter, each release is drawn uniformly inside the first share of its slot (variable-interval padding: Fu,
// Graham, Bettati, Zhao, "On Effectiveness of Link Padding for Statistical Traffic Analysis Attacks", 2003).
// The draw uses a seeded generator and nothing else: the schedule is fixed before any payload is known.
#pragma once

#include <cstdint>

#include "base/random.hh"
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
};

// What is then done, per lane.
struct SlotPlan {
  uint32_t cells_per_slot;    // 1 to kMostCellsPerSlot
  uint64_t period_numerator;  // the period is numerator / denominator nanoseconds
  uint64_t period_denominator;
  Duration jitter;  // width of the draw

  Duration period() const { return {static_cast<int64_t>(period_numerator / period_denominator)}; }
};

inline constexpr uint32_t kMostCellsPerSlot = 256;
inline constexpr Duration kShortestSlot = microseconds(10);
inline constexpr Duration kLongestSlot = seconds(1);

// False when no plan exists (rate, slot or jitter out of range): `plan` is then untouched.
bool plan_slots(const ShapeRequest& request, SlotPlan& plan);

class Schedule {
 public:
  Schedule(const SlotPlan& plan, Instant epoch, uint64_t seed);

  // Release time of the current slot.
  Instant deadline() const { return deadline_; }
  // The earliest time at which the current slot could have been due: its beginning.
  Instant slot_start() const { return start_; }
  void advance();

  // Moves on to the first slot that is not yet a whole period late; returns how many were left out. They are
  // never made up.
  uint64_t skip_missed(Instant now);

  uint64_t slot_number() const { return slot_; }
  const SlotPlan& plan() const { return plan_; }

 private:
  void enter_slot();

  SlotPlan plan_;
  Instant epoch_;
  Random random_;
  uint64_t slot_ = 0;
  Instant start_;
  Instant deadline_;
};

}  // namespace cuttle
