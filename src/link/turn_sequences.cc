#include "link/turn_sequences.hh"

#include <algorithm>

namespace cuttle {

bool TurnSequences::has_turns(const SlotPlan& plan) {
  return !plan.scatter && plan.jitter.ns > 0 && plan.trains_per_slot <= TurnSequence::kMaxReleases;
}

void TurnSequences::handle_join(LaneSender& sender) {
  const SlotPlan& plan = sender.plan();
  if (!has_turns(plan)) return;
  TurnSequence& sequence = turn_sequence_for(sender, plan, sender.epoch());
  const TurnSequence::Place place = sequence.handle_join();
  sender.handle_turns(sequence, place);
  members_.push_back({&sender, &sequence, place.member});
}

TurnSequence& TurnSequences::turn_sequence_for(LaneSender& sender, const SlotPlan& plan, Instant epoch) {
  for (const auto& sequence : sequences_) {
    if (sequence->has_room_for(plan)) return *sequence;
  }
  sequences_.push_back(std::make_unique<TurnSequence>(plan, epoch, sender.fork_draws()));
  return *sequences_.back();
}

void TurnSequences::leave(const Member& member) {
  member.sequence->handle_leave(member.number);
  std::erase_if(sequences_, [](const auto& sequence) { return sequence->is_empty(); });
}

void TurnSequences::handle_leave(const LaneSender& sender) {
  const auto member = std::ranges::find(members_, &sender, &Member::sender);
  if (member == members_.end()) return;
  leave(*member);
  members_.erase(member);
}

void TurnSequences::handle_coming(LaneSender& sender, const SlotPlan& plan, Instant epoch) {
  handle_coming_no_more(sender);
  if (!has_turns(plan)) return;
  TurnSequence& sequence = turn_sequence_for(sender, plan, epoch);
  const TurnSequence::Place place = sequence.handle_join();
  coming_.push_back({{&sender, &sequence, place.member}, place});
}

void TurnSequences::handle_coming_no_more(const LaneSender& sender) {
  const auto coming =
      std::ranges::find_if(coming_, [&](const Coming& one) { return one.member.sender == &sender; });
  if (coming == coming_.end()) return;
  leave(coming->member);
  coming_.erase(coming);
}

void TurnSequences::handle_coming_draws(LaneSender& sender) {
  for (const Coming& coming : coming_) {
    if (coming.member.sender == &sender) coming.member.sequence->handle_draws(sender.fork_draws());
  }
}

void TurnSequences::handle_arrived(LaneSender& sender, Instant from) {
  const auto coming =
      std::ranges::find_if(coming_, [&](const Coming& one) { return one.member.sender == &sender; });
  if (coming == coming_.end()) return;
  sender.handle_turns(*coming->member.sequence, coming->place, from);
  members_.push_back(coming->member);
  coming_.erase(coming);
}

}  // namespace cuttle
