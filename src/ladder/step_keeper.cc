#include "ladder/step_keeper.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"

namespace cuttle::ladder {

StepKeeper::StepKeeper(const LadderShape& shape, Epoch epoch, const std::optional<Spent>& before)
    : shape_(shape),
      epoch_(epoch),
      day_(shape.day_of(epoch)),
      step_(shape.top()),
      agreed_(step_),
      ceiling_(step_) {
  if (!before) return;
  if (shape.yields && before->step < shape.rates) {
    step_ = agreed_ = before->step;
    ceiling_ = std::min(before->ceiling, shape.top());
  }
  if (before->day < day_) return;
  day_ = before->day;
  if (shape.yields && before->is_cut) cut_day_ = day_;
  const uint32_t to_the_top = before->step != step_ ? 1 : 0;
  changes_today_ = std::min(before->changes, shape.changes_per_day);
  changes_today_ = std::min(changes_today_ + to_the_top, shape.changes_per_day);
}

void StepKeeper::handle_said(Epoch epoch, uint32_t step) {
  if (epoch != epoch_ + 1 || step >= shape_.rates) {
    ++counters_.out_of_place;
    return;
  }
  if (said_ && *said_ != step) ++counters_.disagreements;
  said_ = std::max(said_.value_or(step), step);
}

uint32_t StepKeeper::handle_epoch(Epoch epoch) {
  CUTTLE_CHECK(epoch > epoch_, "epochs come one after the other");
  handle_day(epoch);
  const bool was_said = said_ && epoch == epoch_ + 1;
  epoch_ = epoch;
  unsaid_ = was_said ? 0 : unsaid_ + 1;
  if (!was_said) ++counters_.held_unsaid;
  const bool to_the_top = unsaid_ >= kTopAfter;
  if (was_said || to_the_top) agreed_ = was_said ? *said_ : highest();
  const uint32_t wanted = std::min(was_said || to_the_top ? agreed_ : step_, highest());
  said_.reset();
  const uint32_t next = std::exchange(to_the_top_, false) ? highest() : affordable(wanted);
  if (next != wanted) ++counters_.held_by_budget;
  if (next != step_ && changes_left() > 0) ++changes_today_;
  step_ = next;
  return step_;
}

void StepKeeper::handle_missed(Epoch epoch) {
  CUTTLE_CHECK(epoch > epoch_, "epochs come one after the other");
  handle_day(epoch);
  counters_.held_late += epoch - epoch_;
  epoch_ = epoch;
  said_.reset();
}

void StepKeeper::handle_set_back(Epoch epoch) {
  ++counters_.clock_set_back;
  epoch_ = epoch;
  said_.reset();
}

void StepKeeper::handle_restored() {
  // Where the day is spent, by a restore before this one too, there is no change left for another way up.
  to_the_top_ = to_the_top_ || changes_left() > 0;
  changes_today_ = shape_.changes_per_day;
}

void StepKeeper::handle_day(Epoch epoch) {
  const uint64_t day = shape_.day_of(epoch);
  if (day <= day_) return;
  day_ = day;
  changes_today_ = 0;
  if (cut_day_ && *cut_day_ < day) cut_day_.reset();
}

uint32_t StepKeeper::affordable(uint32_t wanted) const {
  if (wanted == step_ || changes_left() == 0) return step_;
  if (shape_.yields) return affordable_yielding(wanted);
  if (changes_left() > 1) return wanted;
  return wanted > step_ ? shape_.top() : step_;
}

uint32_t StepKeeper::affordable_yielding(uint32_t wanted) const {
  if (is_cut()) return 0;
  const uint32_t left = changes_left() - 1;  // without the breaker's
  if (left > 2) return wanted;
  // It stays there until the day ends, or the ceiling falls: so no lower than that.
  if (ceiling_ < step_) return left > 0 ? ceiling_ : step_;
  return left == 2 && wanted > step_ ? highest() : step_;
}

}  // namespace cuttle::ladder
