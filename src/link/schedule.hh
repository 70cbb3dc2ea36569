// When a lane releases cells. Slot k of a lane begins at epoch + k * period, where period is exactly what the
// rate asks for n cells (a fraction; only the instants are rounded to nanoseconds), so no error adds up. With
// jitter, each release is drawn uniformly inside the first share of its slot (variable-interval padding: Fu,
// Graham, Bettati, Zhao, "On Effectiveness of Link Padding for Statistical Traffic Analysis Attacks", 2003).
// A slot with more cells than one system call sends has several trains, each with an instant of its own.
// Scattered, the cells do not leave as trains but one by one. The draws use a generator and nothing else: the
// schedule is fixed before any payload is known.
//
// No slot is left out. A late release still comes; those that fell due meanwhile follow, each a least
// distance behind the one before, until the schedule is met again. That rule knows how late it is and nothing
// else. Only a pause longer than kLongestPause leaves a gap.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.hh"
#include "link/draws.hh"

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
  uint32_t trains_per_slot = 1;  // where not scattered

  uint32_t releases_per_slot() const { return scatter ? cells_per_slot : trains_per_slot; }
  uint32_t cells_per_release() const { return scatter ? 1 : cells_per_slot / trains_per_slot; }
  Duration period() const { return {static_cast<int64_t>(period_numerator / period_denominator)}; }
};

inline constexpr uint32_t kMostCellsPerSlot = 1024;
inline constexpr uint32_t kMostReleasesPerSlot = 256;
inline constexpr Duration kShortestSlot = microseconds(10);
inline constexpr Duration kLongestSlot = seconds(1);
// Scattered cells keep this distance where the slot has room for it: a cell drawn right behind another would
// leave when the system call of that other ends, and how long that takes is the host's load. It is no longer
// than that, because a gap shorter than any that is drawn can only come from a late release.
inline constexpr Duration kScatterDistance = microseconds(4);

// What is longer is not caught up, so that a machine that was asleep does not flood its peers.
inline constexpr Duration kLongestPause = milliseconds(100);

// The most cells of that size which leave in one call, and so as one train that the network card cuts.
uint32_t most_cells_per_call(uint32_t cell_bytes);

// False when no plan exists (rate, slot or jitter out of range): `plan` is then untouched.
bool plan_slots(const ShapeRequest& request, SlotPlan& plan);

class Schedule {
 public:
  Schedule(const SlotPlan& plan, Instant epoch, Draws draws);

  Instant epoch() const { return epoch_; }
  // Another beginning; before the first release.
  void handle_epoch(Instant epoch);

  // Time of the current release: as drawn, or later while a pause is caught up.
  Instant deadline() const { return std::max(deadline_, earliest_); }
  // As drawn.
  Instant drawn() const { return deadline_; }
  // The earliest time at which the current slot could have been due: its beginning.
  Instant slot_start() const { return start_; }

  // What the release at `now` means for those that follow.
  struct Aftermath {
    bool behind = false;    // the next one is overdue: it and what follows is caught up
    uint64_t left_out = 0;  // releases that fell into a pause longer than kLongestPause
  };
  // The current release left at `now`: on to the next.
  Aftermath handle_released(Instant now);

  // On to the next release as drawn, whatever the time is.
  void advance();
  // The current release left so late: those that its slot still holds move with it, as far as the slot has
  // room. So no gap is shorter than it was drawn because the release before it was late.
  void handle_late(Duration late);
  // Moves on to the first release that is not yet a whole period late; returns how many that leaves out.
  uint64_t skip_missed(Instant now);

  uint64_t slot_number() const { return slot_; }
  const SlotPlan& plan() const { return plan_; }

 private:
  void enter_slot();
  void draw_several();

  SlotPlan plan_;
  Instant epoch_;
  Draws draws_;
  uint64_t slot_ = 0;
  uint32_t release_ = 0;  // of this slot
  std::array<uint32_t, 2 * kMostReleasesPerSlot>
      offsets_ns_{};  // of its releases, where they are several; the rest: drawn
  Instant start_;
  Instant deadline_;
  Instant earliest_{INT64_MIN};  // of the current release, while a pause is caught up
};

}  // namespace cuttle
