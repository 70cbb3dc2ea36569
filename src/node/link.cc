#include "node/link.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "crypto/key_schedule.hh"
#include "io/entropy.hh"
#include "node/assemble.hh"

namespace cuttle {

NodeLink::NodeLink(PeerConfig peer, IpAddress own_address, AssociationConfig association, AeadBackend backend,
                   KeyLog* key_log)
    : peer_(std::move(peer)),
      own_address_(own_address),
      association_(std::move(association), fill_with_entropy),
      backend_(backend),
      key_log_(key_log) {}

void NodeLink::add_lane(std::unique_ptr<Lane> lane) {
  to_pacers_.emplace_back(lane->to_pacer);
  to_receivers_.emplace_back(lane->to_receiver);
  lanes_.push_back(std::move(lane));
}

void NodeLink::tell_receiver(size_t lane, ReceiverCommand command) {
  to_receivers_[lane].handle_command(std::move(command));
  receiver_wake_ups_[lane]();
}

void NodeLink::set_receiver_wake_up(size_t lane, std::function<void()> wake_up) {
  receiver_wake_ups_.resize(std::max(receiver_wake_ups_.size(), lane + 1));
  receiver_wake_ups_[lane] = std::move(wake_up);
}

Instant NodeLink::last_authentic() const {
  Instant last{INT64_MIN / 2};
  for (const auto& lane : lanes_) last = std::max(last, lane->receiver.last_authentic());
  return last;
}

Instant NodeLink::heard_on_every_lane() const {
  Instant last = Instant::never();
  for (const auto& lane : lanes_) last = std::min(last, lane->receiver.last_authentic());
  return last;
}

// Keys of sessions, and of the draws: whoever saw the releases of the life before knows the next ones.
void NodeLink::handle_restored() {
  association_.handle_restored();
  for (auto& to_pacer : to_pacers_) to_pacer.handle_command(random_draw_key());
}

void NodeLink::handle_control(Instant now, uint64_t wall_clock_ns) {
  association_.handle_heard(last_authentic());
  handle_lanes();
  association_.handle_timeout(now, last_authentic(), wall_clock_ns);
  send_handshake();
  while (const auto event = association_.poll_event()) {
    std::visit([&](const auto& e) { handle_event(e); }, *event);
  }
  log_state(now);
}

void NodeLink::handle_keys(const AssociationKeys& keys) {
  association_.handle_keys(keys);
  for (size_t i = 0; i < lanes_.size(); ++i) {
    tell_receiver(i, ExpectMac{std::make_unique<HandshakeMac>(keys.own.public_key())});
  }
}

void NodeLink::send_handshake() {
  const auto cell = association_.poll_datagram();
  if (!cell) return;
  // Full: the pacer has not taken any for long. Whoever asked asks again.
  Lane& lane = *lanes_[0];
  if (!lane.handshakes_out.push(*cell, association_.datagram_due())) lane.handshakes_unsent.add();
}

void NodeLink::handle_lanes() {
  for (auto& to_pacer : to_pacers_) to_pacer.handle_waiting();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (to_receivers_[i].handle_waiting()) receiver_wake_ups_[i]();
  }
  for (const auto& lane : lanes_) {
    // Not more at a time than wait now, however fast a flood brings more.
    for (size_t turns = lane->handshakes_in.capacity(); turns > 0; --turns) {
      const auto waiting = lane->handshakes_in.front();
      if (!waiting) break;
      // In the order of arrival, whichever this thread hears of first: the wire must not show the difference.
      if (lane->receiver.current_session_since() <= waiting->stamp) confirm(*lane);
      association_.handle_datagram(waiting->stamp, waiting->cell);
      lane->handshakes_in.pop();
      send_handshake();
    }
    confirm(*lane);
    while (lane->retired_by_pacer.pop()) {
    }
    while (lane->retired_by_receiver.pop()) {
    }
  }
}

void NodeLink::confirm(const Lane& lane) {
  const uint64_t confirmed = lane.confirmed_session.load(std::memory_order_acquire);
  if (confirmed <= confirmed_session_) return;
  confirmed_session_ = confirmed;
  association_.handle_first_cell(lane.receiver.current_session_since(), confirmed);
}

void NodeLink::handle_event(const InstallReceive& event) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const auto index = static_cast<uint8_t>(i);
    if (key_log_ != nullptr) {
      key_log_->add(peer_.endpoint.address, own_address_, Spi{event.first_spi.value + index},
                    derive_cell_key(event.secret, index));
    }
    tell_receiver(i, make_receive_key(event, index, backend_));
  }
}

void NodeLink::handle_event(const InstallSend& event) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const auto index = static_cast<uint8_t>(i);
    Lane& lane = *lanes_[i];
    if (key_log_ != nullptr) {
      key_log_->add(own_address_, peer_.endpoint.address, Spi{event.first_spi.value + index},
                    derive_cell_key(event.secret, index));
    }
    Instant from = event.from;
    if (!event.first) from = from + key_change_lead(lane.sender.plan(), lane.ring.capacity());
    // On hold before the pacer can know the key: it ends the hold when it changes to it, and whoever was kept
    // from running in between must not begin one that nobody ends.
    if (!event.first) lane.ring.hold();
    to_pacers_[i].handle_command(make_send_key(event, index, backend_, from));
  }
  spdlog::debug("link {}: session {} in use", peer_.name, event.session);
}

void NodeLink::handle_event(const ForgetBefore& event) {
  for (size_t i = 0; i < lanes_.size(); ++i) tell_receiver(i, ForgetSessionsBefore{event.session});
}

void NodeLink::handle_event(const EndSending& event) {
  spdlog::warn("link {}: the session ends: {}", peer_.name, event.why);
  for (auto& to_pacer : to_pacers_) to_pacer.handle_command(StopSending{});
}

void NodeLink::log_state(Instant now) {
  const Association::State state = association_.state(now, heard_on_every_lane());
  if (state == logged_state_) return;
  logged_state_ = state;
  switch (state) {
    case Association::State::up:
      spdlog::info("link {}: up, {} to {}", peer_.name, own_address_.text(), peer_.endpoint.text());
      break;
    case Association::State::quiet:
      spdlog::warn("link {}: nothing heard from {} for a second{}; traffic to {} waits", peer_.name,
                   peer_.endpoint.text(), lanes_.size() > 1 ? " on one lane at least" : "", peer_.name);
      break;
    case Association::State::connecting:
      spdlog::warn("link {}: the session with {} ended; trying again", peer_.name, peer_.endpoint.text());
      break;
  }
}

}  // namespace cuttle
