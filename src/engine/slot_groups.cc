#include "engine/slot_groups.hh"

#include <algorithm>
#include <span>

namespace cuttle {

namespace {

bool is_plain(const SlotPlan& plan) {
  return !plan.scatter && plan.jitter.ns == 0;
}

bool same_slots(const SlotPlan& a, const SlotPlan& b) {
  return a.cells_per_slot == b.cells_per_slot && a.same_period(b);
}

size_t places_in_slot(const SlotPlan& plan, Duration step) {
  const int64_t fit = plan.period().ns / SlotGroups::kSlotShare / step.ns;
  return std::min(static_cast<size_t>(fit), SlotGroups::kMaxLanes);
}

}  // namespace

Instant SlotGroups::handle_join(const LaneSender& sender, Duration work) {
  const SlotPlan& plan = sender.plan();
  if (!is_plain(plan)) return sender.epoch();
  for (Group& group : groups_) {
    if (!group.is_for(sender)) continue;
    const std::span places = std::span(group.places).first(places_in_slot(plan, group.step));
    const auto free = std::ranges::find(places, nullptr);
    if (free == places.end()) continue;
    *free = &sender;
    return group.epoch + group.step * (free - places.begin());
  }
  groups_.push_back({plan, sender.cell_bytes(), apart_from_others(sender), work, {&sender}});
  return groups_.back().epoch;
}

bool SlotGroups::Group::is_for(const LaneSender& sender) const {
  return cell_bytes == sender.cell_bytes() && same_slots(plan, sender.plan());
}

// In the middle of the longest time without a group of such slots: groups that overlap would do so in every
// slot. All their epochs are within one period.
Instant SlotGroups::apart_from_others(const LaneSender& sender) const {
  std::vector<Instant> epochs;
  for (const Group& group : groups_) {
    if (group.is_for(sender)) epochs.push_back(group.epoch);
  }
  if (epochs.empty()) return sender.epoch();
  std::ranges::sort(epochs);
  epochs.push_back(epochs.front() + sender.plan().period());
  size_t longest = 0;
  for (size_t i = 1; i + 1 < epochs.size(); ++i) {
    if (epochs[i + 1] - epochs[i] > epochs[longest + 1] - epochs[longest]) longest = i;
  }
  return epochs[longest] + (epochs[longest + 1] - epochs[longest]) / 2;
}

void SlotGroups::handle_leave(const LaneSender& sender) {
  for (Group& group : groups_) std::ranges::replace(group.places, &sender, nullptr);
  std::erase_if(groups_, [](const Group& group) {
    return std::ranges::count(group.places, nullptr) == static_cast<std::ptrdiff_t>(kMaxLanes);
  });
}

}  // namespace cuttle
