// Stages 2 and 3 of a simulated node: seal n cells before each deadline, release them at it.
#include <algorithm>

#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// How much longer a cell with a packet in it takes, for Mutant::data_is_dear.
constexpr int kDear = 20;

}  // namespace

Duration SimNode::seal_lead() const {
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
  const Instant deadline = setup_.clock.global(link.sender.deadline());
  const bool idle = dummies == train.count && setup_.mutant == Mutant::idle_slots_skipped;
  host_.loop.at(std::max(deadline, ready), [this, alive = alive_, &link, train, idle] {
    if (*alive) release(link, train, idle);
  });
}

void SimNode::release(Link& link, Train train, bool idle) {
  const Instant now = host_.loop.now();
  const size_t count = idle ? 0 : train.count;
  for (size_t i = 0; i < count; ++i) {
    const Bytes cell = train.cell(i);
    if (i == 0) {
      host_.network.send(setup_.number, link.peer, cell);
      continue;
    }
    // The kernel has taken the train: its cells leave one after the other whatever happens to the process.
    auto copy = std::make_shared<std::vector<uint8_t>>(cell.begin(), cell.end());
    host_.loop.at(now + setup_.cost.send_cell * static_cast<int64_t>(i),
                  [&network = host_.network, from = setup_.number, to = link.peer, copy] {
                    network.send(from, to, *copy);
                  });
  }
  link.sender.counters().cells.add(count);
  guarded("LaneSender::handle_released", [&] {
    link.sender.handle_released(local_now());
    return 0;
  });
  pacer_free_ = now + setup_.cost.send_cell * static_cast<int64_t>(train.count);
  await_slot();
}

}  // namespace cuttle::sim
