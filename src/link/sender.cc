#include "link/sender.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/pad.hh"

namespace cuttle {

LaneSender::LaneSender(SlotRing& ring, SlotSteps steps, Instant epoch, Draws draws)
    : ring_(ring),
      steps_(std::move(steps)),
      step_(steps_.first),
      schedule_(steps_.plans[steps_.first], epoch, std::move(draws)),
      cell_bytes_(ring.format().cell_bytes()),
      train_(std::make_unique<uint8_t[]>(cell_bytes_ * steps_.max_cells_per_release())),
      dummy_(std::make_unique<uint8_t[]>(ring.format().payload_bytes())),
      handshakes_(std::make_unique<uint8_t[]>(cell_bytes_ * kMaxHandshakes)) {
  wire::store_aggfrag_header(dummy_.get(), 0);
  dummy_[ring.format().payload_bytes() - 1] = wire::kNextHeaderAggfrag;
  retired_.reserve(4);
}

void LaneSender::turn_keys() {
  const Instant now = deadline();
  if (stop_at_ && now >= *stop_at_) stop();
  if (coming_ && now >= coming_->from) {
    retire(current_);
    current_ = std::move(coming_);
    coming_.reset();
    if (!coming_stops_) stop_at_.reset();
    sequence_ = current_->sequence;
    ring_.resume();
  }
  if (!current_) return;
  // At 83 million cells a second, the fastest plan there is, the numbers end before the session does.
  const bool numbers_end = sequence_ > UINT32_MAX - plan().cells_per_release();
  if (now >= current_->until || numbers_end) retire(current_);
}

Instant LaneSender::end_of_current() const {
  Instant end = coming_->from;
  if (stop_at_) end = std::min(end, *stop_at_);
  return current_ ? std::min(end, current_->until) : end;
}

// At the least, the next train's among them: the rate may be lower by then, handshakes may come in between,
// two releases may lie further apart than a slot, and a pause of the pacer's before the end moves cells
// behind it.
size_t LaneSender::cells_until(Instant end) const {
  constexpr Duration kPause = milliseconds(5);
  const SlotPlan& slowest = steps_.slowest();
  const int64_t periods = (end - kPause - deadline()).ns / slowest.period().ns - 1;
  const int64_t cells = periods * slowest.cells_per_slot - static_cast<int64_t>(kMaxHandshakes);
  return static_cast<size_t>(std::max<int64_t>(cells, 0));
}

void LaneSender::retire(std::optional<SendKey>& key) {
  if (!key) return;
  if (retired_.size() < retired_.capacity()) retired_.push_back(std::move(key->aead));
  key.reset();
}

std::unique_ptr<Aead> LaneSender::poll_retired() {
  if (retired_.empty()) return nullptr;
  auto aead = std::move(retired_.back());
  retired_.pop_back();
  return aead;
}

void LaneSender::handle_key(SendKey key) {
  retire(coming_);
  key.from = not_gone(key.from);
  coming_ = std::move(key);
  coming_stops_ = false;
}

void LaneSender::handle_change(ChangeStep change) {
  CUTTLE_CHECK(change.step < steps_.plans.size(), "a lane changes to one of its plans");
  change.at = not_gone(change.at);
  change.place_at = std::min(change.place_at, change.at);
  coming_change_ = change;
}

void LaneSender::handle_draws(ChangeDraws change) {
  change.from = not_gone(change.from);
  coming_draws_ = change;
  if (change.from.ns == INT64_MIN) turn_draws();
}

void LaneSender::turn_draws() {
  if (!coming_draws_ || coming_draws_->from > deadline()) return;
  schedule_.handle_draw_key(coming_draws_->key);
  coming_draws_.reset();
  ++draw_keys_;
}

void LaneSender::handle_changed(Instant epoch, Instant from) {
  const uint32_t next = std::exchange(coming_change_, std::nullopt)->step;
  if (next == step()) return;
  step_.store(next, std::memory_order_relaxed);
  schedule_.handle_plan(plan(), epoch, from);
}

Instant LaneSender::not_gone(Instant due) const {
  if (due > polled_ || due.ns == INT64_MIN) return due;
  return due + kAgain * ((polled_ - due).ns / kAgain.ns + 1);
}

void LaneSender::handle_stop(Instant from) {
  coming_stops_ = true;
  stop_at_ = not_gone(from);
  if (from.ns == INT64_MIN) stop();
}

void LaneSender::stop() {
  stop_at_.reset();
  retire(current_);
  if (coming_stops_) retire(coming_);
  ring_.resume();
}

bool LaneSender::handle_handshake(Bytes cell, Instant due) {
  CUTTLE_CHECK(cell.size() == cell_bytes_, "a handshake has the size of every cell");
  if (handshakes_waiting_ == kMaxHandshakes) return false;
  std::memcpy(handshakes_.get() + handshakes_waiting_ * cell_bytes_, cell.data(), cell_bytes_);
  handshakes_due_[handshakes_waiting_++] = not_gone(due);
  return true;
}

bool LaneSender::poll_handshake(uint8_t* cell) {
  if (handshakes_waiting_ == 0 || handshakes_due_[0] > deadline()) return false;
  std::memcpy(cell, handshakes_.get(), cell_bytes_);
  --handshakes_waiting_;
  std::memmove(handshakes_.get(), handshakes_.get() + cell_bytes_, handshakes_waiting_ * cell_bytes_);
  std::move(handshakes_due_.begin() + 1, handshakes_due_.end(), handshakes_due_.begin());
  counters_.handshakes.add();
  return true;
}

void LaneSender::seal(const uint8_t* payload, uint8_t* cell) {
  CUTTLE_CHECK(sequence_ != UINT32_MAX, "a session ends long before its sequence numbers do");
  wire::store_esp_header(cell, current_->spi, Sequence{++sequence_});
  current_->aead->seal(sequence_, {cell, wire::kEspHeaderBytes}, {payload, ring_.format().payload_bytes()},
                       cell + wire::kSealedOffset);
}

Train LaneSender::poll_train() {
  polled_ = deadline();
  turn_keys();
  if (coming_) ring_.set_leaving(cells_until(end_of_current()));
  const size_t slots = plan().cells_per_release();
  size_t count = poll_handshake(train_.get()) ? 1 : 0;
  if (!current_) return {train_.get(), count, cell_bytes_};

  const wire::CellFormat& format = ring_.format();
  wire::store_pad({dummy_.get() + wire::kAggfragHeaderBytes, wire::kLossReportBytes}, loss_report_);
  uint64_t dummies = 0;
  size_t payloads = 0;
  for (; count < slots; ++count) {
    const uint8_t* payload = ring_.take();
    seal(payload != nullptr ? payload : dummy_.get(), train_.get() + count * format.cell_bytes());
    if (payload != nullptr) {
      ring_.release();
      ++payloads;
    } else {
      ++dummies;
    }
  }
  counters_.cells_dummy.add(dummies);
  return {train_.get(), count, cell_bytes_, payloads};
}

void LaneSender::handle_released(Instant now) {
  const Duration late = now - schedule_.drawn();
  counters_.lateness.add(late);
  if (late > kLate) counters_.slots_late.add();
  turn_draws();
  const Schedule::Aftermath aftermath = schedule_.handle_released(now);
  if (aftermath.behind) {
    counters_.slots_caught_up.add();
    if (!behind_) counters_.pauses.add();
  }
  behind_ = aftermath.behind;
  counters_.slots_missed.add(aftermath.left_out);
}

}  // namespace cuttle
