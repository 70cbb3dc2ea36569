#include "engine/paced_lanes.hh"

#include <algorithm>
#include <functional>

namespace cuttle {

namespace {

// A train's system call takes less, on a network card without offloads: so much, and so much for each cell.
constexpr Duration kSend = microseconds(10);
constexpr Duration kSendCell = microseconds(1);
constexpr size_t kLanesToCome = 1024;

// It decides instants of releases, so it knows nothing of what sealing took since payload flows.
Duration work_of(const Lane& lane) {
  const auto cells = static_cast<int64_t>(lane.sender.plan().cells_per_release());
  return lane.seal_lead.at_start() + kSend + kSendCell * cells;
}

}  // namespace

PacedLanes::PacedLanes(size_t lanes) {
  due_.reserve(lanes + kLanesToCome);
}

void PacedLanes::handle_join(Lane& lane, Instant now) {
  LaneSender& sender = lane.sender;
  Due due{.lane = &lane};
  if (const Instant epoch = groups_.handle_join(sender, work_of(lane)); epoch != sender.epoch()) {
    sender.handle_epoch(epoch);
    due.in_group = true;
  }
  sequences_.handle_join(sender);
  sender.handle_start(now);
  due.deadline = sender.deadline();
  due_.push_back(due);
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacedLanes::handle_leave(const Lane& lane) {
  groups_.handle_leave(lane.sender);
  sequences_.handle_leave(lane.sender);
  sequences_.handle_coming_no_more(lane.sender);
  std::erase_if(due_, [&](const Due& due) { return due.lane == &lane; });
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacedLanes::handle_released() {
  std::pop_heap(due_.begin(), due_.end(), std::greater<>());
  follow_change(due_.back());
  due_.back().deadline = due_.back().lane->sender.deadline();
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

// Where it gets its place depends on the schedule, not on when this thread heard of the change.
void PacedLanes::follow_change(Due& due) {
  LaneSender& sender = due.lane->sender;
  const auto& coming = sender.coming_change();
  if (!coming || !sender.has_reached(coming->place_at)) return;
  if (!due.place || due.place->change != *coming) {
    const SlotPlan& plan = sender.steps().plans[coming->step];
    Draws draws = sender.fork_draws();
    const Duration within{static_cast<int64_t>(draws.below(static_cast<uint64_t>(plan.period().ns)))};
    due.place = {*coming, sender.first_start_from(coming->at) + within, sender.draw_keys()};
    if (coming->step == sender.step()) {
      sequences_.handle_coming_no_more(sender);
    } else {
      sequences_.handle_coming(sender, plan, due.place->epoch);
    }
  }
  if (due.place->draw_keys != sender.draw_keys()) {
    due.place->draw_keys = sender.draw_keys();
    sequences_.handle_coming_draws(sender);
  }
  if (sender.has_reached(coming->at)) change(due);
}

void PacedLanes::change(Due& due) {
  Lane& lane = *due.lane;
  LaneSender& sender = lane.sender;
  const Instant from = sender.slot_start();
  const uint32_t before = sender.step();
  if (sender.coming_change()->step != before) {
    groups_.handle_leave(sender);
    sequences_.handle_leave(sender);
  }
  sender.handle_changed(due.place->epoch, from);
  due.place.reset();
  if (sender.step() == before) return;
  const Instant epoch = groups_.handle_join(sender, work_of(lane));
  due.in_group = epoch != sender.epoch();
  if (due.in_group) sender.handle_epoch_from(epoch, from);
  sequences_.handle_arrived(sender, from);
  lane.packer.set_limits(lane_sizes(sender.plan(), lane.format));
}

}  // namespace cuttle
