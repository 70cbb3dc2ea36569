#include "node/pacing.hh"

namespace cuttle {

namespace {

// A pacer that polls is either awake in time, and then here so soon, or it is late. One that does not is
// always a little late, as every sleeper; that alone is no reason.
constexpr Duration kPunctual = microseconds(2);
constexpr Duration kPunctualSleeper = LaneSender::kLate;

}  // namespace

// Half as much again as it took in a row, since caches are colder in a slot: the train should be ready at the
// deadline. No more, for what is left of it is spent polling the clock.
Duration seal_lead(const Lane& lane) {
  return lane.seal_one_cell * static_cast<int64_t>(lane.sender.plan().cells_per_release()) * 3 / 2;
}

bool put_off_when_late(Lane& lane, Instant now, Duration poll_before) {
  const Duration lead = seal_lead(lane);
  const Duration patience = poll_before.ns > 0 ? kPunctual : kPunctualSleeper;
  if (now <= lane.sender.deadline() - lead + patience) return false;
  return lane.sender.handle_late(now + lead + poll_before);
}

void obey_as_pacer(Lane& lane, uint16_t loss_65536ths) {
  lane.sender.set_loss_report(loss_65536ths);
  while (auto command = lane.to_pacer.pop()) {
    if (auto* key = std::get_if<SendKey>(&*command)) {
      lane.sender.handle_key(std::move(*key));
    } else {
      lane.sender.handle_stop();
    }
  }
  while (const auto waiting = lane.handshakes_out.front()) {
    if (!lane.sender.handle_handshake(waiting->cell, waiting->stamp)) break;
    lane.handshakes_out.pop();
  }
}

void release(Lane& lane, const Train& train, Instant now) {
  if (train.count > 0) {
    const size_t sent = lane.socket.send_train(train.cells, train.count, train.cell_bytes);
    lane.sender.counters().cells.add(sent);
    lane.sender.counters().datagrams_refused.add(train.count - sent);
  }
  lane.sender.handle_released(now);
  while (auto aead = lane.sender.poll_retired()) {
    if (!lane.retired_by_pacer.push(std::move(aead))) break;
  }
}

}  // namespace cuttle
