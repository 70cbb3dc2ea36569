#include "ladder/step_keeper.hh"

#include <algorithm>

#include "base/check.hh"

namespace cuttle::ladder {

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
  if (shape_.day_of(epoch) != shape_.day_of(epoch_)) changes_today_ = 0;
  const bool was_said = said_ && epoch == epoch_ + 1;
  epoch_ = epoch;
  if (!was_said) ++counters_.held_unsaid;
  const uint32_t wanted = was_said ? *said_ : step_;
  said_.reset();
  const uint32_t next = affordable(wanted);
  if (next != wanted) ++counters_.held_by_budget;
  if (next != step_) ++changes_today_;
  step_ = next;
  return step_;
}

uint32_t StepKeeper::affordable(uint32_t wanted) {
  if (wanted == step_ || changes_left() == 0) return step_;
  if (changes_left() > 1) return wanted;
  return wanted > step_ ? shape_.top() : step_;
}

}  // namespace cuttle::ladder
