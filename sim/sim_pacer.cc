// Stages 2 and 3 of a simulated node: seal n cells before each deadline, release them at it.
#include <algorithm>

#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// How much longer a cell with a packet in it takes, for Mutant::data_is_dear.
constexpr int kDear = 20;
// How far ahead trains are handed to the queue.
constexpr Duration kLead = milliseconds(1);
// How much later, for Mutant::queue_runs_empty_under_load.
constexpr Duration kMuchLater = milliseconds(3);

}  // namespace

Duration SimNode::seal_lead() const {
  if (queue_clock_) return kLead;
  return setup_.cost.seal_cell * setup_.plan.cells_per_release() + setup_.cost.wake_up_margin;
}

void SimNode::await_slot() {
  const auto next = std::min_element(links_.begin(), links_.end(), [](const auto& a, const auto& b) {
    return a->sender.deadline() < b->sender.deadline();
  });
  if (next == links_.end()) return;
  Link& link = **next;
  const Instant deadline = setup_.clock.global(link.sender.deadline());
  host_.loop.at(std::max(deadline - seal_lead(), pacer_free_), [this, alive = alive_, &link] {
    if (*alive) seal(link);
  });
}

void SimNode::obey(Link& link) {
  link.sender.set_loss_report(link.receiver.loss_65536ths());
  for (; !link.to_pacer.empty(); link.to_pacer.pop_front()) {
    if (auto* key = std::get_if<SendKey>(&link.to_pacer.front())) {
      link.sender.handle_key(std::move(*key));
    } else {
      link.sender.handle_stop();
    }
  }
  while (!link.handshakes_out.empty()) {
    const Stamped& handshake = link.handshakes_out.front();
    if (!link.sender.handle_handshake(handshake.cell, handshake.stamp)) break;
    link.handshakes_out.pop_front();
  }
  while (link.sender.poll_retired() != nullptr) {
  }
}

void SimNode::seal(Link& link) {
  obey(link);
  Duration work{};
  if (setup_.mutant == Mutant::pack_on_pacer) pack_all(link, work);
  const uint64_t dummies_before = link.sender.counters().cells_dummy.value();
  const Train train = guarded("LaneSender::poll_train", [&] { return link.sender.poll_train(); });
  const uint64_t dummies = link.sender.counters().cells_dummy.value() - dummies_before;
  const auto count = static_cast<int64_t>(train.count);
  work = work + setup_.cost.seal_cell * count;
  if (setup_.mutant == Mutant::data_is_dear) {
    work = work + setup_.cost.seal_cell * (kDear * (count - static_cast<int64_t>(dummies)));
  }
  Instant ready = host_.loop.now() + work;
  if (setup_.mutant == Mutant::wait_for_packer) ready = std::max(ready, link.packing_until);
  const bool all_dummies = dummies == train.count;
  const Instant deadline = setup_.clock.global(link.sender.deadline());
  const bool behind = host_.loop.now() > deadline;
  const bool idle = all_dummies && (setup_.mutant == Mutant::idle_slots_skipped ||
                                    (setup_.mutant == Mutant::idle_slots_not_caught_up && behind));
  if (queue_clock_) {
    if (!all_dummies && setup_.mutant == Mutant::queue_runs_empty_under_load) ready = ready + kMuchLater;
    host_.loop.at(ready, [this, alive = alive_, &link, train, idle] {
      if (*alive) hand_over(link, train, idle);
    });
    return;
  }
  host_.loop.at(std::max(deadline, ready), [this, alive = alive_, &link, train, idle] {
    if (*alive) release(link, train, idle);
  });
}

// The kernel has taken these cells: they leave one after the other whatever happens to the process.
void SimNode::send_later(Link& link, const Train& train, size_t first, size_t count, Instant when) {
  for (size_t i = first; i < count; ++i) {
    const Bytes cell = train.cell(i);
    auto copy = std::make_shared<std::vector<uint8_t>>(cell.begin(), cell.end());
    host_.loop.at(when + setup_.cost.send_cell * static_cast<int64_t>(i),
                  [&network = host_.network, from = setup_.number, to = link.peer, copy] {
                    network.send(from, to, *copy);
                  });
  }
}

void SimNode::release(Link& link, Train train, bool idle) {
  const Instant now = host_.loop.now();
  const size_t count = idle ? 0 : train.count;
  if (count > 0) host_.network.send(setup_.number, link.peer, train.cell(0));
  send_later(link, train, 1, count, now);
  link.sender.counters().cells.add(count);
  guarded("LaneSender::handle_released", [&] {
    link.sender.handle_released(local_now());
    return 0;
  });
  pacer_free_ = std::max(pacer_free_, now + setup_.cost.send_cell * static_cast<int64_t>(train.count));
  await_slot();
}

// As src/node/release_queue.cc does it.
void SimNode::hand_over(Link& link, Train train, bool idle) {
  const Instant now = local_now();
  const Instant deadline = link.sender.deadline();
  queue_clock_->handle_time(now);
  while (const auto level = queue_clock_->poll_pause(deadline)) {
    queue_.put(queue_clock_->table().length(*level), now);
    queue_clock_->handle_pause(*level);
  }
  const size_t count = idle ? 0 : train.count;
  const Instant leaves = queue_.put(QueueClock::kPacketCost, now);
  queue_clock_->handle_train(1);
  send_later(link, train, 0, count, std::max(setup_.clock.global(leaves), host_.loop.now()));
  link.sender.counters().cells.add(count);
  guarded("LaneSender::handle_released", [&] {
    link.sender.handle_released(std::max(now, deadline));
    return 0;
  });
  pacer_free_ =
      std::max(pacer_free_, host_.loop.now() + setup_.cost.send_cell * static_cast<int64_t>(train.count));
  await_slot();
}

}  // namespace cuttle::sim
