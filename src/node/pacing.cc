#include "node/pacing.hh"

namespace cuttle {

// Half as much again as it took in a row, since caches are colder in a slot: the train should be ready at the
// deadline. No more, for what is left of it is spent polling the clock.
Duration seal_lead(const Lane& lane) {
  return lane.seal_one_cell * static_cast<int64_t>(lane.sender.plan().cells_per_release()) * 3 / 2;
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
