#include "engine/paced_lanes.hh"

#include <algorithm>
#include <functional>

namespace cuttle {

namespace {

// A train's system call takes less, on a network card without offloads: so much, and so much for each cell.
constexpr Duration kSend = microseconds(10);
constexpr Duration kSendCell = microseconds(1);
constexpr size_t kLanesToCome = 1024;

}  // namespace

PacedLanes::PacedLanes(size_t lanes) {
  due_.reserve(lanes + kLanesToCome);
}

void PacedLanes::handle_join(Lane& lane, Instant now) {
  LaneSender& sender = lane.sender;
  const auto cells = static_cast<int64_t>(sender.plan().cells_per_release());
  const Duration work = lane.seal_lead.now() + kSend + kSendCell * cells;
  Due due{.lane = &lane};
  if (const Instant epoch = groups_.handle_join(sender, work); epoch != sender.epoch()) {
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
  std::erase_if(due_, [&](const Due& due) { return due.lane == &lane; });
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacedLanes::handle_released() {
  std::pop_heap(due_.begin(), due_.end(), std::greater<>());
  due_.back().deadline = due_.back().lane->sender.deadline();
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

}  // namespace cuttle
