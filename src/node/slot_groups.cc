#include "node/slot_groups.hh"

#include <algorithm>
#include <span>

namespace cuttle {

namespace {

bool is_plain(const SlotPlan& plan) {
  return !plan.scatter && plan.jitter.ns == 0;
}

bool same_slots(const SlotPlan& a, const SlotPlan& b) {
  return a.cells_per_slot == b.cells_per_slot && a.period_numerator == b.period_numerator &&
         a.period_denominator == b.period_denominator;
}

size_t places_in_slot(const SlotPlan& plan, Duration step) {
  const int64_t fit = plan.period().ns / SlotGroups::kSlotShare / step.ns;
  return std::min(static_cast<size_t>(fit), SlotGroups::kMostLanes);
}

}  // namespace

Instant SlotGroups::handle_join(const LaneSender& sender, Duration work) {
  const SlotPlan& plan = sender.plan();
  if (!is_plain(plan)) return sender.epoch();

  for (Group& group : groups_) {
    if (!same_slots(group.plan, plan)) continue;
    const std::span places = std::span(group.places).first(places_in_slot(plan, group.step));
    const auto free = std::ranges::find(places, nullptr);
    if (free == places.end()) continue;
    *free = &sender;
    return group.epoch + group.step * (free - places.begin());
  }
  groups_.push_back({plan, sender.epoch(), work, {&sender}});
  return sender.epoch();
}

void SlotGroups::handle_leave(const LaneSender& sender) {
  for (Group& group : groups_) std::ranges::replace(group.places, &sender, nullptr);
  std::erase_if(groups_, [](const Group& group) {
    return std::ranges::count(group.places, nullptr) == static_cast<std::ptrdiff_t>(kMostLanes);
  });
}

}  // namespace cuttle
