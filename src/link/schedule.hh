// When a lane releases cells. Slot k of a lane begins at epoch + k * period, where period is exactly what the
// rate asks for n cells (a fraction; only the instants are rounded to nanoseconds), so no error adds up. With
// jitter, each release is drawn uniformly inside the first share of its slot (variable-interval padding: Fu,
// Graham, Bettati, Zhao, "On Effectiveness of Link Padding for Statistical Traffic Analysis Attacks", 2003).
// Scattered, the cells of a slot do not leave as a train at one instant but one by one, each at an instant of
// its own. The draws use a seeded generator and nothing else: the schedule is fixed before any payload is
// known.
#pragma once

#include <array>
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
  bool scatter = false;  // cells one by one, drawn inside the jitter's share, or the whole slot without
};

// What is then done, per lane.
struct SlotPlan {
  uint32_t cells_per_slot;    // 1 to kMostCellsPerSlot
  uint64_t period_numerator;  // the period is numerator / denominator nanoseconds
  uint64_t period_denominator;
  Duration jitter;  // width of the draw
  bool scatter = false;

  uint32_t releases_per_slot() const { return scatter ? cells_per_slot : 1; }
  uint32_t cells_per_release() const { return scatter ? 1 : cells_per_slot; }
  Duration period() const { return {static_cast<int64_t>(period_numerator / period_denominator)}; }
};

inline constexpr uint32_t kMostCellsPerSlot = 256;
inline constexpr Duration kShortestSlot = microseconds(10);
inline constexpr Duration kLongestSlot = seconds(1);
// Scattered cells keep this distance where the slot has room for it: a cell drawn right behind another would
// leave when the system call of that other ends, and how long that takes is the host's load. It is no longer
// than that, because a gap shorter than any that is drawn can only come from a late release.
inline constexpr Duration kScatterDistance = microseconds(4);

// False when no plan exists (rate, slot or jitter out of range): `plan` is then untouched.
bool plan_slots(const ShapeRequest& request, SlotPlan& plan);

class Schedule {
 public:
  Schedule(const SlotPlan& plan, Instant epoch, uint64_t seed);

  Instant epoch() const { return epoch_; }
  // Another beginning; before the first release.
  void handle_epoch(Instant epoch);

  // Time of the current release.
  Instant deadline() const { return deadline_; }
  // The earliest time at which the current slot could have been due: its beginning.
  Instant slot_start() const { return start_; }
  void advance();
  // The current release left so late: when scattered, those that its slot still holds move with it, as far as
  // the slot has room. So no gap is shorter than it was drawn because the cell before it was late.
  void handle_late(Duration late);

  // Moves on to the first release that is not yet a whole period late; returns how many were left out. They
  // are never made up.
  uint64_t skip_missed(Instant now);

  uint64_t slot_number() const { return slot_; }
  const SlotPlan& plan() const { return plan_; }

 private:
  void enter_slot();
  void scatter();

  SlotPlan plan_;
  Instant epoch_;
  Random random_;
  uint64_t slot_ = 0;
  uint32_t release_ = 0;  // of this slot
  std::array<uint32_t, 2 * kMostCellsPerSlot>
      offsets_ns_;  // of its releases, when scattered; the rest: drawn
  Instant start_;
  Instant deadline_;
};

}  // namespace cuttle
