#include "link/turn_sequence.hh"

#include <algorithm>

#include "base/check.hh"
#include "link/spread.hh"

namespace cuttle {

bool TurnSequence::has_room_for(const SlotPlan& plan) const {
  return plan.same_period(plan_) && plan.jitter == plan_.jitter &&
         plan.trains_per_slot == plan_.trains_per_slot &&
         (members_.size() + 1) * plan_.trains_per_slot <= kMaxReleases;
}

TurnSequence::Place TurnSequence::handle_join() {
  const Place place{next_number_++, next_slot_};
  members_.push_back({place.member, place.first_slot});
  change_layout();
  return place;
}

void TurnSequence::handle_leave(uint32_t member) {
  std::erase_if(members_, [&](const Member& one) { return one.number == member; });
  change_layout();
}

// From the first slot on that nobody has asked for.
void TurnSequence::change_layout() {
  Layout layout{next_slot_, {}};
  for (const Member& member : members_) layout.members.push_back(member.number);
  if (!layouts_.empty() && layouts_.back().from_slot == next_slot_) layouts_.pop_back();
  layouts_.push_back(std::move(layout));
}

void TurnSequence::poll_offsets(uint32_t member, uint64_t slot, std::span<uint32_t> offsets_ns) {
  const auto asking = std::ranges::find_if(members_, [&](const Member& one) { return one.number == member; });
  CUTTLE_CHECK(asking != members_.end() && slot >= asking->slot, "a member asks, and for no earlier slot");
  asking->slot = slot;
  next_slot_ = std::max(next_slot_, slot + 1);
  if (layouts_.size() > 1) forget_old_layouts();

  const Layout& layout = layout_of(slot);
  const auto found = std::ranges::find(layout.members, member);
  CUTTLE_CHECK(found != layout.members.end(), "a member has turns from its first slot on");
  const auto turn = static_cast<size_t>(found - layout.members.begin());
  const Drawn& drawn = draw(slot, layout);
  for (size_t i = 0; i < offsets_ns.size(); ++i)
    offsets_ns[i] = drawn.offsets_ns[i * layout.members.size() + turn];
}

const TurnSequence::Layout& TurnSequence::layout_of(uint64_t slot) const {
  size_t i = layouts_.size() - 1;
  while (layouts_[i].from_slot > slot) --i;
  return layouts_[i];
}

void TurnSequence::forget_old_layouts() {
  uint64_t oldest = next_slot_;
  for (const Member& member : members_) oldest = std::min(oldest, member.slot);
  while (layouts_.size() > 1 && layouts_[1].from_slot <= oldest) layouts_.erase(layouts_.begin());
}

const TurnSequence::Drawn& TurnSequence::draw(uint64_t slot, const Layout& layout) {
  Drawn& drawn = drawn_[slot % drawn_.size()];
  if (drawn.slot == slot) return drawn;
  draws_.handle_stream(slot);
  const size_t releases = layout.members.size() * plan_.trains_per_slot;
  draw_spread(draws_, spread_of(plan_, layout.members.size()), plan_.jitter,
              std::span(drawn.offsets_ns).first(releases));
  drawn.slot = slot;
  return drawn;
}

}  // namespace cuttle
