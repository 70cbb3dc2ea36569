#include "node/pacer_loop.hh"

#include <algorithm>
#include <functional>

namespace cuttle {

namespace {

// What sealing one cell takes at the most, and waking up to it: the train should be ready at the deadline.
constexpr Duration kSealOneCell = nanoseconds(500);
constexpr Duration kSealOneKilobyte = nanoseconds(250);
constexpr Duration kIdleNap = milliseconds(20);

}  // namespace

PacerLoop::PacerLoop(std::vector<Lane*> lanes, PacerOptions options)
    : lanes_(std::move(lanes)), options_(options) {
  due_.reserve(lanes_.size());
}

Duration PacerLoop::seal_lead(const Lane& lane) const {
  const auto cells = static_cast<int64_t>(lane.sender.plan().cells_per_slot);
  const auto kilobytes = cells * static_cast<int64_t>(lane.format.cell_bytes()) / 1024;
  return kSealOneCell * cells + kSealOneKilobyte * kilobytes;
}

void PacerLoop::run(const std::atomic<bool>& stop) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->sender.handle_start(clock_.now());
    due_.push_back({lanes_[i]->sender.deadline(), i});
  }
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
  while (!stop.load(std::memory_order_relaxed)) {
    if (due_.empty()) {
      clock_.sleep_until(clock_.now() + kIdleNap);
      continue;
    }
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    Lane& lane = *lanes_[due_.back().lane];
    slot(lane);
    due_.back().deadline = lane.sender.deadline();
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
  }
}

void PacerLoop::slot(Lane& lane) {
  const Instant deadline = lane.sender.deadline();
  const Instant seal_at = deadline - seal_lead(lane);
  if (!options_.spin) clock_.sleep_until(seal_at - options_.poll_before);
  clock_.poll_until(seal_at);
  obey(lane);
  const Train train = lane.sender.poll_train();
  clock_.poll_until(deadline);
  const Instant released = clock_.now();
  if (train.count > 0) {
    const size_t sent = lane.socket.send_train(train.cells, train.count, train.cell_bytes);
    lane.sender.counters().cells.add(sent);
    lane.sender.counters().datagrams_refused.add(train.count - sent);
  }
  lane.sender.handle_released(released);
  while (auto aead = lane.sender.poll_retired()) {
    if (!lane.retired_by_pacer.push(std::move(aead))) break;
  }
}

void PacerLoop::obey(Lane& lane) {
  lane.sender.set_loss_report(lane.receiver.loss_65536ths());
  while (auto command = lane.to_pacer.pop()) {
    if (auto* key = std::get_if<SendKey>(&*command)) {
      lane.sender.handle_key(std::move(*key));
    } else {
      lane.sender.handle_stop();
    }
  }
  while (const auto waiting = lane.handshakes_out.front()) {
    if (!lane.sender.handle_handshake(waiting->cell, waiting->stamp)) break;
    lane.handshakes_out.pop();
  }
}

}  // namespace cuttle
