// What one node does with the steps of a ladder: it follows what the coordinator of its group says, at the
// beginnings of epochs only, and keeps the budget itself. So whatever a coordinator says, fails to say, or
// says twice, this node's wire has one of the schedules that bit_budget.hh counts.
//
// Epochs are numbered from 1970 on; both ends of every link have the same number at the same time, by their
// wall clocks. Of several things said for one epoch the highest counts. Where nothing was said the step is
// held, and after kTopAfter such epochs it is the top: nobody who could say more is heard. The last change of
// a day goes to the top, and stays there: so a node is never below what is needed with nothing left to spend.
//
// A keeper that yields (yielding.hh) has a ceiling instead of the top. Of its changes the last is the
// breaker's, and goes to the lowest step until the day ends; the one before goes down to the ceiling, or is
// not made. So there is always one left to give way with after a rise, and a rise after a need that fell.
//
// Pure; one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ladder/bit_budget.hh"

namespace cuttle::ladder {

using Epoch = uint64_t;

struct LadderShape {
  uint32_t epochs_per_day = 0;
  uint32_t rates = 1;
  uint32_t changes_per_day = 0;  // max_changes() of the budget
  bool yields = false;

  uint32_t top() const { return rates - 1; }
  uint64_t day_of(Epoch epoch) const { return epoch / epochs_per_day; }
};

// What of a keeper outlives it, so that a restart does not fill up the budget.
struct Spent {
  uint64_t day = 0;
  uint32_t changes = 0;  // of that day
  uint32_t step = 0;     // the last one
  // Of a keeper that yields.
  uint32_t ceiling = UINT32_MAX;
  bool is_cut = false;

  bool operator==(const Spent&) const = default;
};

class StepKeeper {
 public:
  static constexpr uint32_t kTopAfter = 6;  // epochs one after the other of which nobody said anything
  // What a keeper that yields needs in a day: one to give way with, and the breaker's.
  static constexpr uint32_t kFewestToYield = 2;

  // Begins at the top: that tells no load and needs nobody. `before`: of the keeper before this one; of the
  // same day, its changes count, and so does the way to the top. One that yields goes on where that one was.
  StepKeeper(const LadderShape& shape, Epoch epoch, const std::optional<Spent>& before = std::nullopt);

  // Somebody who may say so says that from `epoch` on the step is that one. What is not for a coming epoch,
  // or no step, is dropped and counted.
  void handle_said(Epoch epoch, uint32_t step);
  // Of a keeper that yields: no step above that from the next epoch on, as far as the budget goes.
  void handle_ceiling(uint32_t ceiling) { ceiling_ = ceiling; }
  // And the lowest step from the next epoch on until the day of that one ends.
  void handle_cut() { cut_day_ = std::max(day_, shape_.day_of(epoch_ + 1)); }
  // That epoch begins; each one after the other, or later ones. The step in it.
  uint32_t handle_epoch(Epoch epoch);
  // It is too late to change at the beginning of that epoch, or of one before it: the step is held.
  void handle_missed(Epoch epoch);
  // The wall clock was set back into that epoch. No day gives its changes twice.
  void handle_set_back(Epoch epoch);
  // The machine was set back to an earlier state: what another life of it told today is not known. So
  // nothing is left of the day, and as after a start the step is the top, from the next epoch on.
  void handle_restored();

  uint32_t step() const { return step_; }
  // What was said last, whether this node could pay for it or not: the step of its group.
  uint32_t agreed() const { return agreed_; }
  Epoch epoch() const { return epoch_; }
  uint32_t changes_today() const { return changes_today_; }
  uint32_t changes_left() const { return shape_.changes_per_day - changes_today_; }
  // Whether there is one to give way with.
  bool can_fall() const { return changes_left() >= kFewestToYield; }
  uint32_t ceiling() const { return ceiling_; }
  bool is_cut() const { return cut_day_.has_value(); }
  // What the schedule of the day so far can have told.
  double bits_today() const { return bits_of({shape_.epochs_per_day, shape_.rates}, changes_today_); }
  Spent spent() const { return {day_, changes_today_, step_, ceiling_, is_cut()}; }

  struct Counters {
    uint64_t out_of_place = 0;    // said for an epoch that is not to come, or no step
    uint64_t disagreements = 0;   // two steps said for one epoch
    uint64_t held_unsaid = 0;     // epochs for which nobody said anything
    uint64_t held_by_budget = 0;  // a change that was said, or a fall, and not made, or not to that step
    uint64_t held_late = 0;       // epochs of which the step could not be told the pacers in time
    uint64_t clock_set_back = 0;  // times
  };
  const Counters& counters() const { return counters_; }

 private:
  uint32_t affordable(uint32_t wanted) const;
  uint32_t affordable_yielding(uint32_t wanted) const;
  // Where it goes that has nobody to follow.
  uint32_t highest() const { return is_cut() ? 0 : std::min(ceiling_, shape_.top()); }
  void handle_day(Epoch epoch);

  LadderShape shape_;
  Epoch epoch_;
  uint64_t day_;  // the latest there was
  uint32_t step_;
  uint32_t agreed_;
  uint32_t ceiling_;
  std::optional<uint64_t> cut_day_;
  uint32_t changes_today_ = 0;
  uint32_t unsaid_ = 0;           // epochs, one after the other
  bool to_the_top_ = false;       // with the next epoch, whatever is left
  std::optional<uint32_t> said_;  // for the next epoch
  Counters counters_;
};

}  // namespace cuttle::ladder
