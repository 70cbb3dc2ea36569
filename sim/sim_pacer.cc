// The pacer's thread of a simulated node: when it wakes up and how long sealing takes. What it does in a slot
// is the engine's.
#include <algorithm>

#include "engine/loop_limits.hh"
#include "engine/pacing.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// How much longer a cell with a packet in it takes, for Mutant::data_is_dear.
constexpr int kDear = 20;

}  // namespace

void SimNode::await_slot() {
  pacers_change_.poll([this](Lane& lane) { paced_.handle_join(lane, local_now()); },
                      [this](Lane& lane) { paced_.handle_leave(lane); });
  if (paced_.empty()) return at(world_.loop.now() + kPacerIdleInterval, [this] { await_slot(); });
  Lane& lane = *paced_.next().lane;
  const SlotWake wake = wake_for(lane);
  at(std::max(setup_.clock.global(wake.at), pacer_free_), [this, &lane, wake] {
    if (world_.loop.now() < pacer_free_) return await_slot();  // paused meanwhile
    slot(lane, wake);
  });
}

void SimNode::slot(Lane& lane, const SlotWake& wake) {
  Duration work{};
  if (setup_.mutant == Mutant::pack_on_pacer) pack_all(lane, work);
  const BegunSlot slot = guarded(
      "begin_slot", [&] { return begin_slot(lane, wake, lane.receiver.loss_65536ths(), local_now()); });
  work = work + setup_.cost.seal_cell * static_cast<int64_t>(slot.train.count);
  if (setup_.mutant == Mutant::data_is_dear) {
    work = work + setup_.cost.seal_cell * static_cast<int64_t>(kDear * slot.train.payloads);
  }
  Instant sealed = world_.loop.now() + work;
  if (setup_.mutant == Mutant::wait_for_packer) sealed = std::max(sealed, sim_of(lane).packing_until);
  at(sealed, [this, &lane, slot] {
    at(setup_.clock.global(handle_sealed(lane, slot, local_now())), [this, &lane, slot] { end(lane, slot); });
  });
}

void SimNode::end(Lane& lane, const BegunSlot& slot) {
  guarded("end_slot", [&] {
    end_slot(lane, slot, local_now());
    return 0;
  });
  pacer_free_ = std::max(pacer_free_,
                         world_.loop.now() + setup_.cost.send_cell * static_cast<int64_t>(slot.train.count));
  if (const auto next = follow_up(lane, slot.wake, local_now())) {
    return at(pacer_free_, [this, &lane, wake = *next] { this->slot(lane, wake); });
  }
  paced_.handle_released();
  await_slot();
}

}  // namespace cuttle::sim
