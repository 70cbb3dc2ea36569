#include "node/release_queue.hh"

namespace cuttle {

size_t ReleaseQueue::hand_over(Lane& lane, const Train& train, Instant instant, Instant now) {
  if (is_fresh_.exchange(false, std::memory_order_acquire)) {
    clock_.handle_fresh(now);
    counts_from_ = now + QueueClock::kDepth * 2;  // a full bucket takes half as long to empty
  }
  clock_.handle_time(now);
  lane.socket.set_way_out(device_.index());
  while (const auto level = clock_.poll_pause(instant)) {
    const Instant ends = clock_.end() + clock_.table().length(*level);
    const bool is_last = instant - ends < clock_.table().length(0);
    // Too late for its instant already, it says nothing about the queue's own lateness.
    const bool counts = is_last && now < instant && now > counts_from_;
    if (!lane.socket.send_pause(clock_.table().frame_bytes(*level),
                                counts ? std::optional(ends) : std::nullopt)) {
      break;  // the next pause is the longer for it
    }
    clock_.handle_pause(*level);
  }
  if (train.count == 0) return 0;
  const size_t sent = lane.socket.send_train(train.cells, train.count, train.cell_bytes);
  const size_t calls = most_cells_per_call(static_cast<uint32_t>(train.cell_bytes));
  taken_.add(sent);
  refused_.add(train.count - sent);
  clock_.handle_train(lane.socket.segmentation() ? (sent + calls - 1) / calls : sent);
  return sent;
}

bool ReleaseQueue::takes_nothing() {
  const uint64_t taken = taken_.value() - taken_before_;
  const uint64_t refused = refused_.value() - refused_before_;
  taken_before_ += taken;
  refused_before_ += refused;
  return taken == 0 && refused > 0;
}

void ReleaseQueue::handle_look(const QueueLook& look) {
  if (look.late_map) {
    device_.handle_anew(look.index, look.late_map);
    is_fresh_.store(true, std::memory_order_release);
  }
  on_.store(look.trouble.empty() || look.late_map, std::memory_order_relaxed);
}

}  // namespace cuttle
