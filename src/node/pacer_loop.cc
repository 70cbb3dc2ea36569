#include "node/pacer_loop.hh"

#include <utility>

#include "engine/loop_limits.hh"
#include "engine/pacing.hh"

namespace cuttle {

namespace {

// A thread that has yielded is back by then, where no more threads than CPUs are at work.
constexpr Duration kLastYield = microseconds(5);
// Trains for a queue are handed over early by so much at the most, to spare a wake-up.
constexpr Duration kTogether = microseconds(50);

}  // namespace

PacerLoop::PacerLoop(std::vector<Lane*> lanes, PacerOptions options)
    : at_first_(std::move(lanes)), lanes_(at_first_.size()), options_(options), share_(options.max_percent) {}

void PacerLoop::run(const std::atomic<bool>& stop) {
  for (Lane* lane : at_first_) lanes_.handle_join(*lane, clock_.now());
  while (!stop.load(std::memory_order_relaxed)) {
    change_.poll([&](Lane& lane) { lanes_.handle_join(lane, clock_.now()); },
                 [&](Lane& lane) { lanes_.handle_leave(lane); });
    if (lanes_.empty()) {
      clock_.sleep_until(clock_.now() + kPacerIdleInterval);
      continue;
    }
    slot(lanes_.next());
    lanes_.handle_released();
    give_way();
  }
}

void PacerLoop::give_way() {
  if (options_.max_percent == 100) return;
  const Instant now = clock_.now();
  if (!share_.is_due(now)) return;
  clock_.sleep_until(now + share_.handle_window(now, thread_use().cpu, lanes_.next().lane->sender.drawn()));
}

void PacerLoop::slot(const PacedLanes::Due& due) {
  Lane& lane = *due.lane;
  const SlotWake wake = wake_for(lane);
  if (!wake.by_queue) {
    wait_for(wake.at, due.in_group);
  } else if (wake.at - clock_.now() > kTogether) {
    // Nothing here need be exact, so nothing polls, and one wake-up does for all lanes that are due soon.
    clock_.sleep_until(wake.at);
  }
  run_slot(lane, wake, lane.receiver.loss_65536ths(), clock_);
}

void PacerLoop::wait_for(Instant seal_at, bool in_group) {
  const Instant wake = seal_at - options_.poll_before;
  if (options_.spin) {
    clock_.yield_until(seal_at - kLastYield);
  } else if (!in_group || wake - clock_.now() > kMinSleep) {
    clock_.sleep_until(wake);
  }
  clock_.poll_until(seal_at);
}

}  // namespace cuttle
