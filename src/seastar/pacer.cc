#include "seastar/pacer.hh"

#include <algorithm>
#include <chrono>
#include <functional>
#include <seastar/core/coroutine.hh>

#include "engine/pacing.hh"

namespace cuttle {

namespace {

// libstdc++'s steady clock is CLOCK_MONOTONIC, as ours is.
seastar::timer<>::time_point time_point_of(Instant when) {
  return seastar::timer<>::time_point(std::chrono::nanoseconds(when.ns));
}

}  // namespace

Pacer::Pacer(Duration poll_before) : poll_before_(poll_before), timer_([this] { run(); }) {}

void Pacer::add(Lane& lane) {
  sequences_.handle_join(lane.sender);
  lane.sender.handle_start(clock_.now());
  shortest_slot_ = std::min(shortest_slot_, lane.sender.plan().period());
  due_.push_back({wake_for(lane), &lane});
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
  arm();
}

void Pacer::remove(const Lane& lane) {
  sequences_.handle_leave(lane.sender);
  std::erase_if(due_, [&](const Due& due) { return due.lane == &lane; });
  std::make_heap(due_.begin(), due_.end(), std::greater<>());
  arm();
  if (due_.empty()) released_.broadcast();
}

void Pacer::set_loss(const Lane& lane, uint16_t loss_65536ths) {
  for (Due& due : due_) {
    if (due.lane == &lane) due.loss_65536ths = loss_65536ths;
  }
}

bool Pacer::has_time_for(Duration work) const {
  return due_.empty() || clock_.now() + std::min(work, shortest_slot_ / 4) < due_.front().wake;
}

seastar::future<> Pacer::turn_for(Duration work) {
  const Instant patience = clock_.now() + shortest_slot_;
  do {
    co_await next_release();
  } while (!has_time_for(work) && clock_.now() < patience);
}

seastar::future<> Pacer::next_release() {
  if (due_.empty()) return seastar::make_ready_future<>();
  return released_.wait();
}

void Pacer::stop() {
  timer_.cancel();
  due_.clear();
  released_.broadcast();
}

// At most once round the lanes: then whatever else is ready has its turn.
void Pacer::run() {
  for (size_t turns = due_.size(); turns > 0 && clock_.now() >= due_.front().wake; --turns) {
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    Due& due = due_.back();
    slot(due);
    due.wake = wake_for(*due.lane);
    std::push_heap(due_.begin(), due_.end(), std::greater<>());
  }
  arm();
  released_.broadcast();
}

void Pacer::slot(const Due& due) {
  Lane& lane = *due.lane;
  const Instant deadline = lane.sender.deadline();
  if (goes_by_queue(lane)) {
    const Duration late = clock_.now() - (deadline - wake_lead(lane));
    obey_as_pacer(lane, due.loss_65536ths);
    const Train train = lane.sender.poll_train();
    hand_over(lane, train, clock_.now(), late);
    return;
  }
  clock_.poll_until(deadline - lane.seal_lead.now());
  obey_as_pacer(lane, due.loss_65536ths);
  const Instant began = clock_.now();
  const Train train = lane.sender.poll_train();
  handle_sealed(lane, train, began, clock_.now());
  clock_.poll_until(deadline);
  release(lane, train, clock_.now());
}

Instant Pacer::wake_for(const Lane& lane) const {
  if (goes_by_queue(lane)) return lane.sender.deadline() - wake_lead(lane);
  return lane.sender.deadline() - lane.seal_lead.now() - poll_before_;
}

void Pacer::arm() {
  if (due_.empty()) {
    timer_.cancel();
  } else {
    timer_.rearm(time_point_of(due_.front().wake));
  }
}

}  // namespace cuttle
