#include "node/pacer_loop.hh"

#include <algorithm>
#include <functional>

#include "node/pacing.hh"

namespace cuttle {

namespace {

// A thread that has yielded is back by then, where no more threads than CPUs are at work.
constexpr Duration kLastYield = microseconds(5);
constexpr Duration kIdleNap = milliseconds(20);
// Room for lanes that join later, so that this thread need not allocate for them.
constexpr size_t kLanesToCome = 1024;

}  // namespace

PacerLoop::PacerLoop(std::vector<Lane*> lanes, PacerOptions options) : options_(options) {
  due_.reserve(lanes.size() + kLanesToCome);
  for (Lane* lane : lanes) due_.push_back({Instant{}, lane});
}

void PacerLoop::run(const std::atomic<bool>& stop) {
  for (Due& due : due_) {
    due.lane->sender.handle_start(clock_.now());
    due.deadline = due.lane->sender.deadline();
  }
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
  while (!stop.load(std::memory_order_relaxed)) {
    change_.poll([&](Lane& lane) { begin(lane); }, [&](Lane& lane) { end(lane); });
    if (due_.empty()) {
      clock_.sleep_until(clock_.now() + kIdleNap);
      continue;
    }
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    Lane& lane = *due_.back().lane;
    slot(lane);
    due_.back().deadline = lane.sender.deadline();
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
  }
}

void PacerLoop::begin(Lane& lane) {
  lane.sender.handle_start(clock_.now());
  due_.push_back({lane.sender.deadline(), &lane});
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacerLoop::end(Lane& lane) {
  std::erase_if(due_, [&](const Due& due) { return due.lane == &lane; });
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
}

void PacerLoop::slot(Lane& lane) {
  const Instant deadline = lane.sender.deadline();
  const Instant seal_at = deadline - seal_lead(lane);
  if (options_.spin) {
    clock_.yield_until(seal_at - kLastYield);
  } else {
    clock_.sleep_until(seal_at - options_.poll_before);
  }
  clock_.poll_until(seal_at);
  obey_as_pacer(lane, lane.receiver.loss_65536ths());
  const Train train = lane.sender.poll_train();
  clock_.poll_until(deadline);
  release(lane, train, clock_.now());
}

}  // namespace cuttle
