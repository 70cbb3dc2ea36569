#include "engine/pacing.hh"

#include "engine/release_queue.hh"

namespace cuttle {

bool goes_by_queue(const Lane& lane) {
  return lane.queue != nullptr && lane.queue->is_on();
}

SlotWake wake_for(const Lane& lane) {
  const bool by_queue = goes_by_queue(lane);
  return {lane.sender.deadline() - (by_queue ? lane.queue->lead() : lane.seal_lead.now()), by_queue};
}

std::optional<SlotWake> follow_up(const Lane& lane, const SlotWake& wake, Instant now) {
  const bool goes_on = wake.by_queue && goes_by_queue(lane) && lane.queue->reads_instants() &&
                       lane.sender.plan().scatter && lane.sender.is_inside_slot();
  if (!goes_on) return std::nullopt;
  return SlotWake{.at = now, .by_queue = true, .follows = true};
}

namespace {

void drain_for_pacer(Lane& lane) {
  while (auto command = lane.to_pacer.pop()) {
    if (auto* key = std::get_if<SendKey>(&*command)) {
      lane.sender.handle_key(std::move(*key));
    } else if (const auto* draws = std::get_if<ChangeDraws>(&*command)) {
      lane.sender.handle_draws(*draws);
    } else if (const auto* change = std::get_if<ChangeStep>(&*command)) {
      lane.sender.handle_change(*change);
    } else {
      lane.sender.handle_stop(std::get<StopSending>(*command).from);
    }
  }
  while (const auto waiting = lane.handshakes_out.front()) {
    if (!lane.sender.handle_handshake(waiting->cell, waiting->stamp)) break;
    lane.handshakes_out.pop();
  }
}

void count(Lane& lane, size_t sent, size_t of) {
  if (lane.drawn && !lane.drawn->push(DrawnRelease{lane.sender.drawn(), static_cast<uint32_t>(of)})) {
    lane.drawn_lost.add();
  }
  lane.sender.counters().cells.add(sent);
  lane.sender.counters().datagrams_refused.add(of - sent);
}

void release(Lane& lane, const Train& train, Instant now) {
  if (train.count > 0) {
    lane.socket.set_way_out(0);
    count(lane, lane.socket.send_train(train.cells, train.count, train.cell_bytes), train.count);
  }
  lane.sender.handle_released(now);
}

void hand_over(Lane& lane, const BegunSlot& slot, Instant now) {
  const Train& train = slot.train;
  const Instant deadline = lane.sender.deadline();
  const Instant leaves = lane.queue->leaves_at(deadline, now);
  if (leaves > deadline) lane.sender.counters().queue_empty.add();
  if (!slot.wake.follows) lane.queue->handle_wake_up(slot.began - slot.wake.at, lane.seal_lead.now());
  count(lane, lane.queue->hand_over(lane, train, deadline, now), train.count);
  lane.sender.handle_released(leaves);
}

}  // namespace

BegunSlot begin_slot(Lane& lane, const SlotWake& wake, uint16_t loss_65536ths, Instant now) {
  lane.sender.set_loss_report(loss_65536ths);
  drain_for_pacer(lane);
  return {lane.sender.poll_train(), wake, now};
}

Instant handle_sealed(Lane& lane, const BegunSlot& slot, Instant now) {
  if (slot.wake.by_queue) return now;
  lane.seal_lead.handle_sealed(now - slot.began);
  const Instant deadline = lane.sender.deadline();
  if (now > deadline) {
    SenderCounters& counters = lane.sender.counters();
    (slot.train.payloads > 0 ? counters.sealed_late_payloads : counters.sealed_late_dummies).add();
  }
  return deadline;
}

void end_slot(Lane& lane, const BegunSlot& slot, Instant now) {
  if (slot.wake.by_queue) {
    hand_over(lane, slot, now);
  } else {
    release(lane, slot.train, now);
  }
  if (lane.queue != nullptr) lane.queue->send_dropped_again(lane);
  while (auto aead = lane.sender.poll_retired()) {
    if (!lane.retired_by_pacer.push(std::move(aead))) break;
  }
}

}  // namespace cuttle
