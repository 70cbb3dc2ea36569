#include "node/pacer_loop.hh"

#include <algorithm>
#include <functional>

#include "node/pacing.hh"

namespace cuttle {

namespace {

// A thread that has yielded is back by then, where no more threads than CPUs are at work.
constexpr Duration kLastYield = microseconds(5);
// Falling asleep and waking up takes about so long, so a shorter wait for the next lane of a group is polled.
// A group takes a small share of its slot (slot_groups.hh), so that leaves others the rest.
constexpr Duration kWorthSleeping = microseconds(15);
// A train's system call takes less, on a network card without offloads: so much, and so much for each cell.
constexpr Duration kSend = microseconds(10);
constexpr Duration kSendCell = microseconds(1);
// Trains for a queue are handed over early by so much at the most, to spare a wake-up.
constexpr Duration kTogether = microseconds(50);
constexpr Duration kIdleNap = milliseconds(20);
// Room for lanes that join later, so that the heap of this thread need not grow for them.
constexpr size_t kLanesToCome = 1024;

}  // namespace

PacerLoop::PacerLoop(std::vector<Lane*> lanes, PacerOptions options) : options_(options) {
  due_.reserve(lanes.size() + kLanesToCome);
  for (Lane* lane : lanes) due_.push_back({.lane = lane});
}

void PacerLoop::run(const std::atomic<bool>& stop) {
  for (Due& due : due_) start(due);
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
  while (!stop.load(std::memory_order_relaxed)) {
    change_.poll([&](Lane& lane) { begin(lane); }, [&](Lane& lane) { end(lane); });
    if (due_.empty()) {
      clock_.sleep_until(clock_.now() + kIdleNap);
      continue;
    }
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    slot(due_.back());
    due_.back().deadline = due_.back().lane->sender.deadline();
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
  }
}

void PacerLoop::start(Due& due) {
  LaneSender& sender = due.lane->sender;
  const auto cells = static_cast<int64_t>(sender.plan().cells_per_release());
  const Duration work = due.lane->seal_lead.now() + kSend + kSendCell * cells;
  if (const Instant epoch = groups_.handle_join(sender, work); epoch != sender.epoch()) {
    sender.handle_epoch(epoch);
    due.in_group = true;
  }
  sequences_.handle_join(sender);
  sender.handle_start(clock_.now());
  due.deadline = sender.deadline();
}

void PacerLoop::begin(Lane& lane) {
  due_.push_back({.lane = &lane});
  start(due_.back());
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacerLoop::end(Lane& lane) {
  groups_.handle_leave(lane.sender);
  sequences_.handle_leave(lane.sender);
  std::erase_if(due_, [&](const Due& due) { return due.lane == &lane; });
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacerLoop::slot(const Due& due) {
  Lane& lane = *due.lane;
  if (goes_by_queue(lane)) {
    fill(lane);
    return;
  }
  const Instant deadline = lane.sender.deadline();
  const Instant seal_at = deadline - lane.seal_lead.now();
  wait_for(seal_at, due.in_group);
  obey_as_pacer(lane, lane.receiver.loss_65536ths());
  const Instant began = clock_.now();
  const Train train = lane.sender.poll_train();
  handle_sealed(lane, train, began, clock_.now());
  clock_.poll_until(deadline);
  release(lane, train, clock_.now());
}

// Nothing here need be exact, so nothing polls, and one wake-up does for all lanes that are due soon.
void PacerLoop::fill(Lane& lane) {
  const Instant wake = lane.sender.deadline() - wake_lead(lane);
  if (wake - clock_.now() > kTogether) clock_.sleep_until(wake);
  const Duration late = clock_.now() - wake;
  obey_as_pacer(lane, lane.receiver.loss_65536ths());
  const Train train = lane.sender.poll_train();
  hand_over(lane, train, clock_.now(), late);
}

void PacerLoop::wait_for(Instant seal_at, bool in_group) {
  const Instant wake = seal_at - options_.poll_before;
  if (options_.spin) {
    clock_.yield_until(seal_at - kLastYield);
  } else if (!in_group || wake - clock_.now() > kWorthSleeping) {
    clock_.sleep_until(wake);
  }
  clock_.poll_until(seal_at);
}

}  // namespace cuttle
