#include "link/turn_sequences.hh"

#include <algorithm>

namespace cuttle {

void TurnSequences::handle_join(LaneSender& sender) {
  const SlotPlan& plan = sender.plan();
  if (plan.scatter || plan.jitter.ns == 0 || plan.trains_per_slot > TurnSequence::kMostReleases) return;
  TurnSequence& sequence = turn_sequence_for(sender);
  const TurnSequence::Place place = sequence.handle_join();
  sender.handle_turns(sequence, place);
  members_.push_back({&sender, &sequence, place.member});
}

TurnSequence& TurnSequences::turn_sequence_for(LaneSender& sender) {
  for (const auto& sequence : sequences_) {
    if (sequence->has_room_for(sender.plan())) return *sequence;
  }
  sequences_.push_back(std::make_unique<TurnSequence>(sender.plan(), sender.epoch(), sender.fork_draws()));
  return *sequences_.back();
}

void TurnSequences::handle_leave(const LaneSender& sender) {
  const auto member = std::ranges::find(members_, &sender, &Member::sender);
  if (member == members_.end()) return;
  member->sequence->handle_leave(member->number);
  members_.erase(member);
  std::erase_if(sequences_, [](const auto& sequence) { return sequence->is_empty(); });
}

}  // namespace cuttle
