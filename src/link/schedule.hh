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
#include "link/slot_plan.hh"
#include "link/turn_sequence.hh"

namespace cuttle {

// What is longer is not caught up, so that a machine that was asleep does not flood its peers.
inline constexpr Duration kLongestPause = milliseconds(100);

class Schedule {
 public:
  Schedule(const SlotPlan& plan, Instant epoch, Draws draws);

  Instant epoch() const { return epoch_; }
  // Another beginning; before the first release.
  void handle_epoch(Instant epoch);
  // Before the first release, or that of another plan: from now on the instants are those of a place in a
  // sequence of several lanes, which has to outlive this; of slots that do not begin before `from`.
  void handle_turns(TurnSequence& sequence, TurnSequence::Place place, Instant from = {INT64_MIN});
  // Another plan, in place of the current slot, none of which was released yet: of slots counted from `epoch`
  // the first that does not begin before `from`. The draws go on; a sequence is left.
  void handle_plan(const SlotPlan& plan, Instant epoch, Instant from);
  // Draws under another key from then on, also those of the sequence: what was seen of the old ones, on a
  // machine that was restored to before them, says nothing.
  void handle_draw_key(const DrawKey& key);
  // A generator for a sequence.
  Draws fork_draws() { return draws_.fork(); }

  // Time of the current release: as drawn, or later while a pause is caught up.
  Instant deadline() const { return std::max(deadline_, earliest_); }
  // As drawn.
  Instant drawn() const { return deadline_; }
  // The earliest time at which the current slot could have been due: its beginning.
  Instant slot_start() const { return start_; }
  // Nothing of the current slot was released yet.
  bool is_at_slot_start() const { return release_ == 0; }
  // The current release comes later than drawn, for a pause is caught up.
  bool is_behind() const { return earliest_ > deadline_; }
  // When the first slot begins that does not begin before `at`.
  Instant first_start_from(Instant at) const { return start_of(first_slot_from(at)); }

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
  Instant start_of(uint64_t slot) const;
  uint64_t first_slot_from(Instant at) const;

  SlotPlan plan_;
  Instant epoch_;
  Draws draws_;
  TurnSequence* sequence_ = nullptr;  // where it says when, and not the draws
  uint32_t member_ = 0;               // of it
  uint64_t slot_ = 0;
  uint32_t release_ = 0;                                    // of this slot
  std::array<uint32_t, kMaxReleasesPerSlot> offsets_ns_{};  // of its releases
  Instant start_;
  Instant deadline_;
  Instant earliest_{INT64_MIN};  // of the current release, while a pause is caught up
};

}  // namespace cuttle
