// The pacer's thread of a simulated node: when it wakes up and how long sealing takes, as
// src/node/pacer_loop.cc does it; and the mistakes that it could make.
#include <algorithm>

#include "engine/pacing.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// How much longer a cell with a packet in it takes, for Mutant::data_is_dear.
constexpr int kDear = 20;
// How much later, for Mutant::queue_runs_empty_under_load.
constexpr Duration kMuchLater = milliseconds(3);
// As in src/node/pacer_loop.cc.
constexpr Duration kIdleNap = milliseconds(20);

}  // namespace

void SimNode::await_slot() {
  pacers_change_.poll([this](Lane& lane) { paced_.handle_join(lane, local_now()); },
                      [this](Lane& lane) { paced_.handle_leave(lane); });
  if (paced_.empty()) return at(world_.loop.now() + kIdleNap, [this] { await_slot(); });
  Lane& lane = *paced_.next().lane;
  const Instant wake = setup_.clock.global(lane.sender.deadline() - wake_lead(lane));
  at(std::max(wake, pacer_free_), [this, &lane, wake] {
    if (world_.loop.now() < pacer_free_) return await_slot();  // paused meanwhile
    slot(lane, world_.loop.now() - wake);
  });
}

void SimNode::drain(Lane& lane) {
  if (!sees_control()) return;
  if (setup_.mutant == Mutant::answer_at_once) {
    for (; const auto waiting = lane.handshakes_out.front(); lane.handshakes_out.pop()) {
      if (!lane.sender.handle_handshake(waiting->cell)) break;
    }
  }
  if (setup_.mutant == Mutant::keys_at_once) {
    while (auto command = lane.to_pacer.pop()) {
      if (auto* key = std::get_if<SendKey>(&*command)) {
        key->from = Instant{INT64_MIN};
        lane.sender.handle_key(std::move(*key));
      } else if (std::holds_alternative<StopSending>(*command)) {
        lane.sender.handle_stop();
      }
    }
  }
  drain_for_pacer(lane, lane.receiver.loss_65536ths());
}

void SimNode::slot(Lane& lane, Duration woke_late) {
  Duration work{};
  if (setup_.mutant == Mutant::pack_on_pacer) pack_all(lane, work);
  const uint64_t dummies_before = lane.sender.counters().cells_dummy.value();
  Train train = guarded("LaneSender::poll_train", [&] {
    drain(lane);
    return lane.sender.poll_train();
  });
  work = work + setup_.cost.seal_cell * static_cast<int64_t>(train.count);
  if (setup_.mutant == Mutant::data_is_dear) {
    work = work + setup_.cost.seal_cell * static_cast<int64_t>(kDear * train.payloads);
  }
  const Instant began = world_.loop.now();
  Instant ready = began + work;
  if (setup_.mutant == Mutant::wait_for_packer) ready = std::max(ready, sim_of(lane).packing_until);
  const bool behind = began > setup_.clock.global(lane.sender.deadline());
  const bool leaves_out = setup_.mutant == Mutant::idle_slots_skipped ||
                          (setup_.mutant == Mutant::idle_slots_not_caught_up && behind);
  // A handshake is no dummy.
  const uint64_t dummies = lane.sender.counters().cells_dummy.value() - dummies_before;
  if (leaves_out && dummies == train.count) train.count = 0;
  if (setup_.mutant == Mutant::queue_runs_empty_under_load && goes_by_queue(lane) && train.payloads > 0) {
    ready = ready + kMuchLater;
  }
  const Instant local_began = local_now();
  at(ready, [this, &lane, train, local_began, woke_late] { sealed(lane, train, local_began, woke_late); });
}

void SimNode::sealed(Lane& lane, Train train, Instant began, Duration woke_late) {
  if (goes_by_queue(lane)) {
    guarded("hand_over", [&] {
      hand_over(lane, train, local_now(), woke_late);
      return 0;
    });
    return released(train);
  }
  handle_sealed(lane, train, began, local_now());
  at(setup_.clock.global(lane.sender.deadline()), [this, &lane, train] {
    guarded("release", [&] {
      release(lane, train, local_now());
      return 0;
    });
    released(train);
  });
}

// For Mutant::rate_follows_load.
void SimNode::put_off_change(Lane& lane) {
  const auto coming = lane.sender.coming_change();
  if (!coming || coming->at > local_now() + lane.sender.plan().period()) return;
  const Duration by = lane.sender.plan().period() * 2;
  lane.sender.handle_change({coming->step, coming->at + by, coming->place_at});
}

void SimNode::released(const Train& train) {
  if (setup_.mutant == Mutant::rate_follows_load && train.payloads > 0) put_off_change(*paced_.next().lane);
  paced_.handle_released();
  pacer_free_ =
      std::max(pacer_free_, world_.loop.now() + setup_.cost.send_cell * static_cast<int64_t>(train.count));
  await_slot();
}

}  // namespace cuttle::sim
