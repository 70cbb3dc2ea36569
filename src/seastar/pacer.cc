#include "seastar/pacer.hh"

#include <algorithm>
#include <chrono>

#include "engine/loop_limits.hh"
#include "engine/pacing.hh"
#include "seastar/tasks.hh"

namespace cuttle {

namespace {

// Half of what a test with --blocked-reactor-notify-ms 1 calls a stall.
constexpr Duration kLongestRun = microseconds(500);

// libstdc++'s steady clock is CLOCK_MONOTONIC, as ours is.
seastar::timer<>::time_point time_point_of(Instant when) {
  return seastar::timer<>::time_point(std::chrono::nanoseconds(when.ns));
}

}  // namespace

Pacer::Pacer(Duration poll_before)
    : poll_before_(poll_before),
      lanes_(0),
      timer_([this] { must_not_throw("the pacer", [this] { run(); }); }) {
  look_for_shortest_slot();
}

void Pacer::add(Lane& lane) {
  loss_65536ths_.emplace(&lane, 0);
  lanes_.handle_join(lane, clock_.now());
  look_for_shortest_slot();
  look_at_next();
  arm();
}

void Pacer::remove(const Lane& lane) {
  lanes_.handle_leave(lane);
  loss_65536ths_.erase(&lane);
  look_for_shortest_slot();
  look_at_next();
  arm();
  released_.broadcast();
}

void Pacer::look_for_shortest_slot() {
  shortest_slot_ = kLongestSlot;
  for (const auto& [lane, loss] : loss_65536ths_) {
    shortest_slot_ = std::min(shortest_slot_, lane->sender.steps().shortest_period());
  }
}

void Pacer::set_loss(const Lane& lane, uint16_t loss_65536ths) {
  const auto found = loss_65536ths_.find(&lane);
  if (found != loss_65536ths_.end()) found->second = loss_65536ths;
}

bool Pacer::has_time_for(Duration work) const {
  return lanes_.empty() || clock_.now() + std::min(work, shortest_slot_ / 4) < next_wake_;
}

// At most once round the lanes, and no longer than kLongestRun: then whatever else is ready has its turn, and
// the timer goes off again at once.
void Pacer::run() {
  const Instant began = clock_.now();
  const Instant end = began + kLongestRun;
  for (size_t turns = loss_65536ths_.size(); turns > 0 && is_due(); --turns) {
    slot(*lanes_.next().lane);
    lanes_.handle_released();
    look_at_next();
    if (clock_.now() >= end) break;
  }
  give_way(began);
  arm();
  released_.broadcast();
}

bool Pacer::is_due() const {
  return clock_.now() + (lanes_.next().in_group ? kMinSleep : Duration{0}) >= next_wake_;
}

void Pacer::slot(Lane& lane) {
  const SlotWake wake = wake_for(lane);
  if (!wake.by_queue) clock_.poll_until(wake.at);
  run_slot(lane, wake, loss_65536ths_.find(&lane)->second, clock_);
}

void Pacer::look_at_next() {
  if (lanes_.empty()) return;
  const SlotWake wake = wake_for(*lanes_.next().lane);
  next_wake_ = wake.by_queue ? wake.at : wake.at - poll_before_;
}

// A rest ends as a wait for a release does, so whoever waits for time to work has it meanwhile.
void Pacer::give_way(Instant began) {
  const Instant now = clock_.now();
  at_work_ = at_work_ + (now - began);
  if (lanes_.empty() || !share_.is_due(now)) return;
  const Duration rest = share_.handle_window(now, at_work_, lanes_.next().lane->sender.drawn());
  if (rest.ns > 0) next_wake_ = std::max(next_wake_, now + rest);
}

void Pacer::arm() {
  if (lanes_.empty()) {
    timer_.cancel();
  } else {
    timer_.rearm(time_point_of(next_wake_));
  }
}

}  // namespace cuttle
