#include "engine/link_control.hh"

#include <algorithm>
#include <utility>

#include "crypto/key_schedule.hh"

namespace cuttle {

namespace {

constexpr Duration kWipeAfter = milliseconds(100);

}  // namespace

LinkControl::LinkControl(AssociationConfig config, AeadBackend backend, Entropy entropy,
                         LinkListener listener)
    : association_(std::move(config), entropy),
      peer_numbers_(association_.keys().peer, association_.keys().next_peer),
      backend_(backend),
      entropy_(std::move(entropy)),
      listener_(std::move(listener)) {}

void LinkControl::add_lane(std::unique_ptr<Lane> lane) {
  to_pacers_.emplace_back(lane->to_pacer);
  to_receivers_.emplace_back(lane->to_receiver);
  receiver_wake_ups_.emplace_back([] {});
  lanes_.push_back(std::move(lane));
}

void LinkControl::set_receiver_wake_up(size_t lane, std::function<void()> wake_up) {
  receiver_wake_ups_[lane] = std::move(wake_up);
}

void LinkControl::set_calendar(CalendarWatch watch, std::vector<uint64_t> rates) {
  calendar_ = std::move(watch);
  rates_ = std::move(rates);
}

void LinkControl::set_ladder(uint16_t fingerprint, std::vector<uint64_t> rates, size_t ip_bytes) {
  ladder_ = Ladder{fingerprint, ip_bytes, std::vector<uint64_t>(lanes_.size()), {}};
  rates_ = std::move(rates);
  told_step_ = lanes_.front()->sender.step();
  for (const auto& lane : lanes_) lane->ladder = std::make_unique<LadderPost>();
}

void LinkControl::set_relay(std::unique_ptr<RelayPost> relay) {
  relay->numbers.handle_keys(association_.keys().peer, association_.keys().next_peer);
  lanes_.front()->relay = std::move(relay);
  to_relay_.emplace(*lanes_.front()->relay);
}

std::optional<wire::LadderMessage> LinkControl::poll_ladder() {
  for (const auto& lane : lanes_) {
    if (lane->ladder == nullptr) continue;
    if (const auto message = lane->ladder->in.pop()) return message;
  }
  return std::nullopt;
}

// Where the packer has not taken any for long the ring is full, and it is said again.
void LinkControl::send_ladder(const wire::LadderMessage& message) {
  const auto& offer = association_.peer_offer();
  if (!ladder_ || !association_.established() || !offer || offer->calendar != ladder_->fingerprint) return;
  lanes_.front()->ladder->out.push(message);
}

double LinkControl::poll_needed_bps(Duration since_last) {
  double most_bps = 0;
  for (size_t i = 0; ladder_ && i < lanes_.size(); ++i) {
    const Lane& lane = *lanes_[i];
    const uint64_t packed = lane.packer.bytes();
    const auto bytes = static_cast<double>(packed - ladder_->packed_bytes[i] + lane.packer.waiting_bytes());
    ladder_->packed_bytes[i] = packed;
    const double cells = bytes / static_cast<double>(lane.format.data_bytes());
    const double bits = cells * static_cast<double>(8 * ladder_->ip_bytes);
    most_bps = std::max(most_bps, bits * 1e9 / static_cast<double>(std::max<int64_t>(since_last.ns, 1)));
  }
  return most_bps * static_cast<double>(lanes_.size());
}

// What came after it was given up is not lost.
CellsLost LinkControl::poll_lost() {
  if (!ladder_) return {};
  CellsLost all;
  for (const auto& lane : lanes_) {
    const ReassemblyCounters& cells = lane->receiver.reassembly();
    const uint64_t late = cells.cells_late.value();
    all.came += lane->receiver.counters().cells.value();
    all.lost += std::max(cells.cells_lost.value(), late) - late;
  }
  const CellsLost before = std::exchange(ladder_->cells, all);
  return {all.came - before.came, std::max(all.lost, before.lost) - before.lost};
}

void LinkControl::change_step(const ChangeStep& change) {
  told_step_ = change.step;
  for (auto& to_pacer : to_pacers_) to_pacer.handle_command(change);
}

std::optional<LinkControl::Rate> LinkControl::rate(uint64_t wall_clock_ns) const {
  if (ladder_) return Rate{rates_[lanes_.front()->sender.step()], std::nullopt, ladder_->fingerprint};
  if (!calendar_) return std::nullopt;
  const Calendar& calendar = calendar_->calendar();
  return Rate{rates_[lanes_.front()->sender.step()], calendar.next_after(static_cast<int64_t>(wall_clock_ns)),
              calendar.fingerprint()};
}

void LinkControl::follow_calendar(Instant now, uint64_t wall_clock_ns) {
  if (!calendar_) return;
  const auto change = calendar_->handle_time(now, wall_clock_ns);
  if (!change) return;
  const auto rate = std::ranges::find(rates_, change->rate_bps);
  CUTTLE_CHECK(rate != rates_.end(), "the lanes have a plan for every rate of the calendar");
  const auto step = static_cast<uint32_t>(rate - rates_.begin());
  change_step({step, change->at, change->place_at});
}

void LinkControl::handle_handshakes(Instant now, uint64_t wall_clock_ns) {
  if (static_sessions_) return handle_static(now);
  wall_clock_ns_ = wall_clock_ns;
  tell_waiting();
  follow_calendar(now, wall_clock_ns);
  // No more than came by then, however fast a flood brings more.
  for (hear(); next_arrival() <= now; hear()) {
    handle_ticks(next_arrival());
    handle_next();
    drain();
  }
  handle_ticks(now - kSettle);
  wipe(now);
  for (const auto& lane : lanes_) {
    while (lane->retired_by_pacer.pop()) {
    }
    while (lane->retired_by_receiver.pop()) {
    }
  }
  if (RelayPost* relay = lanes_.front()->relay.get()) {
    while (relay->retired_by_packer.pop() || relay->retired_by_receiver.pop()) {
    }
  }
}

Instant LinkControl::poll_timeout() const {
  if (static_sessions_) return static_sessions_->poll_timeout();
  const Instant tick = association_.poll_timeout();
  Instant due = tick == Instant::never() ? tick : tick + kSettle;
  due = std::min(due, next_arrival());
  if (!to_wipe_.empty()) due = std::min(due, to_wipe_.front().from + kWipeAfter);
  return due;
}

void LinkControl::handle_ticks(Instant until) {
  if (until <= decided_) return;
  decided_ = until;
  association_.handle_timeout(until, heard_by(Association::decided_at(until)), wall_clock_ns_);
  drain();
}

// The datagram first: all that came before it was told before.
void LinkControl::hear() {
  Lane& lane = *lanes_.front();
  if (!datagram_at_) {
    if (const auto waiting = lane.handshakes_in.front()) datagram_at_ = waiting->stamp;
  }
  if (!told_) told_ = lane.told.pop();
}

Instant LinkControl::next_arrival() const {
  return std::min(told_ ? told_->at : Instant::never(), datagram_at_.value_or(Instant::never()));
}

void LinkControl::handle_next() {
  const Instant at = next_arrival();
  association_.handle_heard(heard_by(at), wall_clock_ns_);
  if (!told_ || told_->at > at) {
    CellRing& ring = lanes_.front()->handshakes_in;
    association_.handle_datagram(at, ring.front()->cell);
    ring.pop();
    datagram_at_.reset();
    return;
  }
  const uint64_t session = std::exchange(told_, std::nullopt)->session;
  if (session != 0) return association_.handle_first_cell(at, session);
  // By the first cell that shows it. A peer that numbers its cells as it likes loses its own link, no other.
  found_restored_ = true;
  handle_restored(at);
}

// Keys that count no more; what arrived before that was read by now.
void LinkControl::wipe(Instant now) {
  for (; !to_wipe_.empty() && now >= to_wipe_.front().from + kWipeAfter; to_wipe_.pop_front()) {
    for (size_t i = 0; i < lanes_.size(); ++i) {
      tell_receiver(i, ForgetSessionsBefore{to_wipe_.front().session});
    }
  }
}

void LinkControl::handle_static(Instant now) {
  tell_waiting();
  for (const auto& lane : lanes_) {
    while (lane->handshakes_in.front()) lane->handshakes_in.pop();
    while (lane->retired_by_pacer.pop()) {
    }
    while (lane->retired_by_receiver.pop()) {
    }
  }
  static_sessions_->handle_timeout(now);
  while (auto key = static_sessions_->poll_receive_key()) tell_receiver(0, std::move(*key));
  while (auto key = static_sessions_->poll_send_key()) {
    const bool first = key->session == 1;
    change_send_key(0, std::move(key->key), first);
    if (listener_.session_used) listener_.session_used(key->session);
  }
}

// What the association wants done: keys first, for what is sent may be answered under them.
void LinkControl::drain() {
  while (const auto event = association_.poll_event()) {
    std::visit([&](const auto& e) { handle_event(e); }, *event);
  }
  const auto cell = association_.poll_datagram();
  if (!cell) return;
  // Full: the pacer has not taken any for long. Whoever asked asks again.
  Lane& lane = *lanes_[0];
  if (!lane.handshakes_out.push(*cell, association_.datagram_due())) {
    lane.handshakes_unsent.add();
  }
}

// How fast the peer's cells can come is not known where it goes by a calendar or ladder that is not ours.
PeerTimes LinkControl::peer_times() const {
  const auto& offer = association_.peer_offer();
  if (!offer) return {};
  if (offer->calendar == 0) return times_of(*offer, offer->rate_bps);
  const bool is_our_calendar = calendar_ && calendar_->calendar().fingerprint() == offer->calendar;
  const bool is_our_ladder = ladder_ && ladder_->fingerprint == offer->calendar;
  if (!is_our_calendar && !is_our_ladder) return times_of(*offer, 0);
  return times_of(*offer, std::max(offer->rate_bps, *std::ranges::max_element(rates_)));
}

void LinkControl::handle_event(const InstallReceive& event) {
  if (to_relay_) {
    to_relay_->receiver.handle_command(
        {make_relay_aead(event.secret), event.first_spi.value, event.session, event.instead_of});
  }
  const PeerTimes times = peer_times();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const auto index = static_cast<uint8_t>(i);
    if (listener_.key) {
      listener_.key(true, Spi{event.first_spi.value + index}, derive_cell_key(event.secret, index));
    }
    tell_receiver(i, make_receive_key(event, index, backend_, times));
  }
}

void LinkControl::handle_event(const InstallSend& event) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const auto index = static_cast<uint8_t>(i);
    if (listener_.key) {
      listener_.key(false, Spi{event.first_spi.value + index}, derive_cell_key(event.secret, index));
    }
    change_send_key(i, make_send_key(event, index, backend_, event.from), event.first);
  }
  if (to_relay_) {
    to_relay_->packer.handle_command({make_relay_aead(event.secret), event.first_spi.value, event.until});
  }
  if (listener_.session_used) listener_.session_used(event.session);
}

std::unique_ptr<Aead> LinkControl::make_relay_aead(const Secret<32>& secret) const {
  auto aead = make_aead(backend_, derive_relay_key(secret));
  CUTTLE_CHECK(aead.has_value(), "the backend was available at start-up");
  return std::move(*aead);
}

void LinkControl::change_send_key(size_t i, SendKey key, bool first) {
  Lane& lane = *lanes_[i];
  if (!first) key.from = key.from + key_change_lead(lane.sender.steps().slowest(), lane.ring.capacity());
  // On hold before the pacer can know the key: it ends the hold when it changes to it, and whoever was kept
  // from running in between must not begin one that nobody ends.
  if (!first) lane.ring.hold();
  to_pacers_[i].handle_command(std::move(key));
}

void LinkControl::handle_event(const ForgetBefore& event) {
  if (to_relay_) to_relay_->receiver.handle_command({.session = event.session});
  for (size_t i = 0; i < lanes_.size(); ++i)
    tell_receiver(i, ForgetSessionsBefore{event.session, event.from});
  if (event.from.ns != INT64_MIN) to_wipe_.push_back(event);
}

void LinkControl::handle_event(const ForgetSession& event) {
  if (to_relay_) to_relay_->receiver.handle_command({.session = event.session, .is_alone = true});
  for (size_t i = 0; i < lanes_.size(); ++i) tell_receiver(i, ForgetOneSession{event.session});
}

void LinkControl::handle_event(const EndSending& event) {
  if (listener_.session_ended) listener_.session_ended(event.why);
  for (auto& to_pacer : to_pacers_) to_pacer.handle_command(StopSending{event.from});
  if (to_relay_) to_relay_->packer.handle_command(RelaySendKey{});
}

void LinkControl::tell_receiver(size_t lane, ReceiverCommand command) {
  to_receivers_[lane].handle_command(std::move(command));
  receiver_wake_ups_[lane]();
}

void LinkControl::tell_waiting() {
  for (auto& to_pacer : to_pacers_) to_pacer.handle_waiting();
  if (to_relay_) to_relay_->packer.handle_waiting();
  // The lane's receiver drains both.
  if (to_relay_ && to_relay_->receiver.handle_waiting()) receiver_wake_ups_.front()();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (to_receivers_[i].handle_waiting()) receiver_wake_ups_[i]();
  }
}

void LinkControl::handle_keys(const AssociationKeys& keys) {
  if (static_sessions_) return;
  association_.handle_keys(keys);
  peer_numbers_.handle_keys(keys.peer, keys.next_peer);
  if (RelayPost* relay = lanes_.front()->relay.get()) relay->numbers.handle_keys(keys.peer, keys.next_peer);
  for (size_t i = 0; i < lanes_.size(); ++i) {
    tell_receiver(i, ExpectMac{std::make_unique<HandshakeMac>(keys.own.public_key())});
  }
}

// Keys of sessions, and of the draws: whoever saw the releases of the life before knows the next ones.
void LinkControl::handle_restored(std::optional<Instant> shown_at) {
  if (shown_at && !association_.established()) return;  // shown again meanwhile
  if (static_sessions_) {
    static_sessions_->handle_restored();
    handle_event(EndSending{"the machine was restored, and static keys must not be used again"});
  } else {
    association_.handle_restored(shown_at);
  }
  for (auto& to_pacer : to_pacers_) {
    ChangeDraws draws;
    entropy_(draws.key.bytes());
    if (shown_at) draws.from = Association::reaction_to(*shown_at);
    to_pacer.handle_command(draws);
  }
}

Instant LinkControl::heard_on_every_lane() const {
  Instant last = Instant::never();
  for (const auto& lane : lanes_) last = std::min(last, lane->receiver.last_authentic());
  return last;
}

}  // namespace cuttle
