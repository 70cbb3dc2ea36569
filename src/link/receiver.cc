#include "link/receiver.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/handshake.hh"

namespace cuttle {

namespace {

size_t payload_bytes(Bytes cell) {
  return cell.size() - wire::kSealedOffset - wire::kIcvBytes;
}

}  // namespace

LaneReceiver::LaneReceiver(wire::CellFormat format, size_t reorder_cells, Duration lost_cell_timer,
                           CellSizes sizes)
    : format_(format),
      sizes_(sizes),
      reassembler_(format, reorder_cells, lost_cell_timer, sizes),
      scratch_(std::make_unique<uint8_t[]>(format.payload_bytes())) {}

LaneReceiver::Session* LaneReceiver::find(Instant now, Spi spi) {
  for (Session& session : sessions_) {
    if (session.spi != spi || session.aead == nullptr) continue;
    return session.number > current_session_ && now >= session.first_by ? nullptr : &session;
  }
  return nullptr;
}

void LaneReceiver::retire_ended(Instant now) {
  next_end_ = Instant::never();
  for (Session& session : sessions_) {
    if (now >= session.until) retire(session);
    next_end_ = std::min(next_end_, session.until);
  }
}

bool LaneReceiver::has_a_cells_size(Bytes datagram) const {
  if (datagram.size() == format_.cell_bytes()) return true;
  return sizes_ == CellSizes::any && datagram.size() < format_.cell_bytes() &&
         datagram.size() >= wire::kCellOverheadBytes && !wire::is_handshake(datagram);
}

Received LaneReceiver::handle_datagram(Instant now, Bytes datagram) {
  if (!has_a_cells_size(datagram)) {
    counters_.wrong_size.add();
    return Received::dropped;
  }
  if (wire::is_handshake(datagram)) {
    counters_.handshakes.add();
    return Received::handshake;
  }
  if (now >= next_end_) retire_ended(now);
  const wire::EspHeader header = wire::load_esp_header(datagram.data());
  Session* session = find(now, header.spi);
  if (session == nullptr) {
    counters_.unknown_spi.add();
    handle_unknown(now);
    return Received::dropped;
  }
  switch (session->window.check(header.sequence)) {
    case ReplayVerdict::fresh:
      break;
    case ReplayVerdict::duplicate:
      counters_.replayed.add();
      return Received::dropped;
    case ReplayVerdict::too_old:
      counters_.too_old.add();
      return Received::dropped;
  }
  return session->number == current_session_
             ? handle_current(now, *session, datagram, header.sequence, header.iv)
             : handle_other(now, *session, datagram, header.sequence, header.iv);
}

Received LaneReceiver::handle_current(Instant now, Session& session, Bytes cell, Sequence sequence,
                                      uint64_t iv) {
  uint8_t* room = reassembler_.poll_room(sequence);
  if (room == nullptr) return Received::dropped;  // counted by the reassembler
  if (!session.aead->open(iv, cell.first(wire::kEspHeaderBytes), cell.subspan(wire::kSealedOffset), room)) {
    reassembler_.handle_forged();
    counters_.not_authentic.add();
    return Received::dropped;
  }
  handle_authentic(now, session, sequence);
  if (pace_.handle_cell(now, sequence)) note_set_back(now);
  reassembler_.handle_payload(now, sequence, payload_bytes(cell));
  return Received::cell;
}

Received LaneReceiver::handle_other(Instant now, Session& session, Bytes cell, Sequence sequence,
                                    uint64_t iv) {
  if (!session.aead->open(iv, cell.first(wire::kEspHeaderBytes), cell.subspan(wire::kSealedOffset),
                          scratch_.get())) {
    counters_.not_authentic.add();
    return Received::dropped;
  }
  handle_authentic(now, session, sequence);
  if (session.number < current_session_) {
    counters_.earlier_session.add();
    return Received::dropped;
  }
  current_session_ = session.number;
  pace_ = PeerPace(session.times);
  silence_ = std::max(kSilence, session.times.slot * 4);
  pace_.handle_cell(now, sequence);
  session_since_ns_.store(now.ns, std::memory_order_relaxed);
  reassembler_.reset();
  std::memcpy(reassembler_.poll_room(sequence), scratch_.get(), payload_bytes(cell));
  reassembler_.handle_payload(now, sequence, payload_bytes(cell));
  return Received::first_of_session;
}

void LaneReceiver::handle_authentic(Instant now, Session& session, Sequence sequence) {
  session.window.accept(sequence);
  counters_.cells.add();
  unknown_ = 0;
  dropped_heard_ = dropped_;
  heard_.handle_cell(now);
  if (const auto report = reassembler_.poll_loss_report()) {
    reported_loss_.store(*report, std::memory_order_relaxed);
  }
  if (now - loss_since_ >= seconds(1)) measure_loss(now);
}

void LaneReceiver::handle_unknown(Instant now) {
  if (std::exchange(dropped_heard_, dropped_) != dropped_) {
    unknown_ = 0;
    silent_from_ = now;
  }
  if (now - std::max(last_authentic(), silent_from_) <= silence_) return;
  const auto is_in_use = [this](const Session& session) {
    return session.aead != nullptr && session.number == current_session_;
  };
  if (std::none_of(sessions_.begin(), sessions_.end(), is_in_use)) return;
  if (++unknown_ == kUnknownCells) note_set_back(now);
}

void LaneReceiver::note_set_back(Instant now) {
  counters_.set_back.add();
  set_back_ns_.store(now.ns, std::memory_order_release);
}

void LaneReceiver::measure_loss(Instant now) {
  const uint64_t cells = counters_.cells.value();
  const uint64_t lost = reassembler_.counters().cells_lost.value();
  const uint64_t lost_now = lost - std::exchange(lost_at_, lost);
  const uint64_t all = cells - std::exchange(cells_at_, cells) + lost_now;
  loss_since_ = now;
  if (all == 0) return;
  loss_.store(static_cast<uint16_t>(std::min<uint64_t>(lost_now * 65536 / all, UINT16_MAX)),
              std::memory_order_relaxed);
}

void LaneReceiver::retire(Session& session) {
  if (session.aead == nullptr) return;
  for (auto& place : retired_) {
    if (place != nullptr) continue;
    place = std::move(session.aead);
    break;
  }
  session = Session{};
}

std::unique_ptr<Aead> LaneReceiver::poll_retired() {
  for (auto& place : retired_) {
    if (place != nullptr) return std::move(place);
  }
  return nullptr;
}

void LaneReceiver::handle_key(ReceiveKey key) {
  const auto worth = [&](const Session& session) -> uint64_t {
    return key.instead_of != 0 && session.number == key.instead_of ? 0 : session.number + 1;
  };
  Session* place = nullptr;
  for (Session& session : sessions_) {
    if (session.number == key.session) {
      place = &session;
      break;
    }
    const bool in_use = session.aead != nullptr && session.number == current_session_;
    if (!in_use && (place == nullptr || worth(session) < worth(*place))) place = &session;
  }
  retire(*place);
  place->aead = std::move(key.aead);
  place->spi = key.spi;
  place->number = key.session;
  place->times = key.times;
  place->first_by = key.first_by;
}

void LaneReceiver::handle_forget(uint64_t session, Instant from) {
  for (Session& other : sessions_) {
    if (other.aead == nullptr || other.number >= session) continue;
    if (from.ns == INT64_MIN) {
      retire(other);
    } else {
      other.until = std::min(other.until, from);
      next_end_ = std::min(next_end_, from);
    }
  }
}

void LaneReceiver::handle_unconfirmed(uint64_t session) {
  for (Session& other : sessions_) {
    if (other.number == session) retire(other);
  }
}

}  // namespace cuttle
