#include "engine/release_queue.hh"

#include <algorithm>

namespace cuttle {

namespace {

constexpr uint32_t kMaxLooksBetween = 15;

}  // namespace

using Step = QueueWatch::State;

// Sets the clock right where it and the queue have parted.
void ReleaseQueue::watch(Instant now) {
  const auto counts = device_.counts();
  if (is_fresh_.exchange(false, std::memory_order_acquire)) {
    clock_->handle_fresh(now);
    watch_.handle_fresh(now, step());
    return;
  }
  if (!counts) return;
  const bool was_reset = watch_.handle_counts(now, *counts);
  if (was_reset) clock_->handle_fresh(now);
  clock_->handle_delay(watch_.poll_delay());
  const bool is_stalled = watch_.state() == Step::stalled;
  const Step before = step_.exchange(watch_.state(), std::memory_order_relaxed);
  if (was_reset || (is_stalled && before != Step::stalled)) resets_.add();
}

size_t ReleaseQueue::hand_over(Lane& lane, const Train& train, Instant instant, Instant now) {
  if (!clock_) return hand_over_with_instant(lane, train, leaves_at(instant, now));
  watch(now);
  put_pauses(lane, instant, now);
  const size_t sent = send(lane, train);
  if (train.count == 0) return sent;
  const size_t calls = max_cells_per_call(static_cast<uint32_t>(train.cell_bytes));
  clock_->handle_train(lane.socket.segmentation() ? (sent + calls - 1) / calls : sent);
  return sent;
}

size_t ReleaseQueue::hand_over_with_instant(Lane& lane, const Train& train, Instant instant) {
  // One that went in after it dropped another has not come back by the next.
  if (!is_fresh_.exchange(false, std::memory_order_acquire) && step() == Step::settling) {
    step_.store(Step::in_step, std::memory_order_relaxed);
  }
  lane.socket.set_way_out(0);
  lane.socket.set_release_instant(instant, rules_);
  const size_t sent = send(lane, train);
  // For whoever releases by himself after this queue is gone.
  lane.socket.set_release_instant(std::nullopt);
  return sent;
}

void ReleaseQueue::send_dropped_again(Lane& lane) {
  if (!rules_.gives_back()) return;
  const size_t packets = lane.socket.send_dropped_again(lane.format.cell_bytes());
  if (packets == 0) return;
  sent_again_.add(packets);
  if (step_.exchange(Step::stalled, std::memory_order_relaxed) != Step::stalled) resets_.add();
}

size_t ReleaseQueue::send(Lane& lane, const Train& train) {
  if (train.count == 0) return 0;
  const size_t sent = lane.socket.send_train(train.cells, train.count, train.cell_bytes);
  taken_.add(sent);
  refused_.add(train.count - sent);
  return sent;
}

void ReleaseQueue::put_pauses(Lane& lane, Instant instant, Instant now) {
  clock_->handle_time(now);
  clock_->handle_instant(instant);
  lane.socket.set_way_out(device_.index());
  while (const auto level = clock_->poll_pause(instant)) {
    const Instant ends = clock_->end() + clock_->table().length(*level);
    const bool is_last = instant - ends < clock_->table().length(0);
    // Too late for its instant already, it says nothing about the queue's own lateness.
    const bool stamped = is_last && now < instant && watch_.wants_stamps(now) && !clock_->is_delayed();
    if (stamped) watch_.handle_stamped(now);
    if (!lane.socket.send_pause(clock_->table().frame_bytes(*level),
                                stamped ? std::optional(ends) : std::nullopt)) {
      break;  // the next pause is the longer for it
    }
    clock_->handle_pause(*level);
  }
}

bool ReleaseQueue::takes_nothing() {
  const uint64_t taken = taken_.value() - taken_before_;
  const uint64_t refused = refused_.value() - refused_before_;
  taken_before_ += taken;
  refused_before_ += refused;
  return taken == 0 && refused > 0;
}

void ReleaseQueue::handle_look(Look look) {
  if (look == Look::anew) {
    is_fresh_.store(true, std::memory_order_release);
    if (step() == Step::stalled) step_.store(Step::settling, std::memory_order_release);
  } else if (look == Look::as_before) {
    try_again();
  }
  on_.store(look != Look::gone, std::memory_order_relaxed);
}

// All is there, so nothing may have come through because a carrier was away. Each attempt costs the cells
// that go in before it fails, so they become rarer. (The pacer keeps away from a queue that is stalled.)
void ReleaseQueue::try_again() {
  if (step() == Step::in_step) looks_between_ = 0;
  if (step() != Step::stalled || looks_waited_++ < looks_between_) return;
  looks_waited_ = 0;
  looks_between_ = std::min(2 * looks_between_ + 1, kMaxLooksBetween);
  is_fresh_.store(true, std::memory_order_release);
  step_.store(Step::settling, std::memory_order_release);
}

}  // namespace cuttle
