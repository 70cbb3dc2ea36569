// The initiating side of association.hh: when to ask, whom, and what to make of the answer.
#include <algorithm>

#include "link/association.hh"

namespace cuttle {

namespace {

Instant tick_from(Instant instant) {
  const Instant tick = Association::decided_at(instant);
  return tick == instant ? tick : tick + kTick;
}

}  // namespace

Instant Association::decided_at(Instant now) {
  const int64_t into = now.ns % kTick.ns;
  return {now.ns - (into < 0 ? into + kTick.ns : into)};
}

void Association::handle_timeout(Instant now, Instant last_authentic, uint64_t wall_clock_ns) {
  last_authentic_ = last_authentic;
  if (forget_at_ && now >= *forget_at_) {
    events_.emplace_back(ForgetBefore{*sending_session_, *forget_at_ + kReaction});
    forget_at_.reset();
  }
  // What arrived before is handled by now, and decided by when it arrived.
  expire_unconfirmed(now - kReaction);
  if (sending_session_ && now >= established_ + kRejectAfter) forget_sessions();
  const Instant tick = decided_at(now);
  if (tick >= next_attempt_ && due(tick, last_authentic)) send_initiation(tick, wall_clock_ns);
}

bool Association::due(Instant tick, Instant last_authentic) const {
  const auto initiates = [](const PeerKey& peer) { return peer.we_initiate; };
  const auto asked = std::count_if(peers_.begin(), peers_.end(), initiates);
  if (asked == 0) return false;
  if (!sending_session_ || renew_ || quiet(tick, last_authentic)) return true;
  const bool peer_may_ask = static_cast<size_t>(asked) < peers_.size();
  return tick >= established_ + kRekeyAfter + (peer_may_ask ? kPeerGoesFirst : Duration{});
}

// The first tick at which due() says so.
Instant Association::next_due() const {
  const auto initiates = [](const PeerKey& peer) { return peer.we_initiate; };
  const auto asked = std::count_if(peers_.begin(), peers_.end(), initiates);
  if (asked == 0) return Instant::never();
  if (next_attempt_.ns == INT64_MIN) return next_attempt_;
  if (!sending_session_ || renew_) return tick_from(next_attempt_);
  const bool peer_may_ask = static_cast<size_t>(asked) < peers_.size();
  const Instant rekey = established_ + kRekeyAfter + (peer_may_ask ? kPeerGoesFirst : Duration{});
  const Instant silent = std::max(last_authentic_, established_) + timeout() + Duration{1};
  return tick_from(std::max(next_attempt_, std::min(rekey, silent)));
}

Instant Association::poll_timeout() const {
  Instant next = next_due();
  if (forget_at_) next = std::min(next, *forget_at_);
  if (sending_session_) next = std::min(next, established_ + kRejectAfter);
  for (const Agreed& agreed : unconfirmed_)
    next = std::min(next, agreed.since + kUnconfirmedLife + kReaction);
  return next;
}

// The key that answered last; where the attempts since had no answer, the other one.
std::optional<size_t> Association::next_target() const {
  for (size_t step = attempts_.empty() ? 0 : 1; step <= peers_.size(); ++step) {
    const size_t target = (target_ + step) % peers_.size();
    if (peers_[target].we_initiate) return target;
  }
  return std::nullopt;
}

void Association::send_initiation(Instant tick, uint64_t wall_clock_ns) {
  const auto target = next_target();
  if (!target) return;
  target_ = *target;
  next_attempt_ = tick + retry();
  // Never backwards, even where the wall clock is.
  last_timestamp_sent_ns_ = std::max(last_timestamp_sent_ns_ + 1, wall_clock_ns);
  const Spi spi = draw_spi();
  Attempt attempt{
      tick,
      draw_u32(),
      spi,
      target_,
      std::make_unique<NoiseHandshake>(NoiseHandshake::initiator(
          config_.keys.own, peers_[target_].key, config_.keys.preshared, noise_prologue(), draw_ephemeral())),
      ratchet_ ? ratchet_->rung() : PresharedRatchet::Rung::none,
      false};
  wire::Offer own = own_offer(tick, last_timestamp_sent_ns_, spi);
  if (ratchet_) describe_preshared(own, ratchet_->poll_name(), wall_clock_ns);
  attempt.renew_preshared = own.renew_preshared;
  uint8_t offer[wire::kOfferBytes];
  wire::store_offer(offer, own);
  uint8_t* at = begin_cell(wire::HandshakeType::initiation, attempt.index, 0);
  if (!attempt.noise->write_message(offer, {at, wire::kNoiseMessage1Bytes})) {
    return;  // the configured peer key is a point of low order
  }
  if (attempts_.size() == kMaxAttempts) attempts_.pop_front();
  peers_[target_].cookie.store_mac2(tick, {cell_.get(), config_.format.cell_bytes()});
  finish_cell(peers_[target_], tick + kTick + kReaction);
  const Bytes mac1 = wire::mac1_of({cell_.get(), config_.format.cell_bytes()});
  std::copy(mac1.begin(), mac1.end(), attempt.mac1.begin());
  attempts_.push_back(std::move(attempt));
  counters_.initiations_sent.add();
}

// Those that the responder may have used.
std::vector<PresharedKey> Association::preshared_candidates() const {
  const PresharedKey& configured = config_.keys.preshared;
  std::vector<PresharedKey> mixed;
  if (!ratchet_) return {configured};
  for (const auto& key : ratchet_->candidates()) mixed.push_back(PresharedRatchet::mixed(configured, key));
  return mixed;
}

void Association::handle_response(Instant arrived, Bytes cell) {
  const uint32_t receiver = load_be32(cell.data() + 12);
  std::erase_if(attempts_, [&](const Attempt& old) { return arrived - old.made >= kAttemptLife; });
  const auto attempt = std::find_if(attempts_.begin(), attempts_.end(),
                                    [&](const Attempt& made) { return made.index == receiver; });
  if (attempt == attempts_.end()) {
    counters_.unexpected.add();
    return;
  }
  const bool proven = peers_[attempt->peer].answers.verify(cell, attempt->mac1);
  if (!(proven ? proven_answers_read_ : answers_read_).take(arrived)) {
    counters_.too_many.add();
    return;
  }
  uint8_t payload[wire::kOfferBytes];
  const Bytes message = cell.subspan(wire::kHandshakeHeaderBytes, wire::kNoiseMessage2Bytes);
  const auto with = attempt->noise->read_response(message, payload, preshared_candidates());
  if (!with) {
    counters_.not_genuine.add();
    if (!proven) return;  // the genuine answer may still come
    if (ratchet_) ratchet_->handle_unreadable(attempt->rung);
    // It was the peer's. Sent again and again it would keep the answers to later attempts from being read.
    attempts_.erase(attempt);
    return;
  }
  const wire::Offer offer = wire::load_offer(payload);
  if (!usable(offer)) {
    counters_.not_genuine.add();
    attempts_.erase(attempt);
    return;
  }
  PresharedAgreement preshared;
  if (ratchet_) {
    preshared = {.both = offer.preshared != PresharedRatchet::kTakesNoPart,
                 .renew = attempt->renew_preshared || offer.renew_preshared,
                 .used = ratchet_->candidates()[*with],
                 .derived = PresharedRatchet::derive(attempt->noise->exported_key())};
  }
  const NoiseSecrets secrets = attempt->noise->split();
  const Agreed agreed = agree(
      arrived, {.session = 0, .first_spi = attempt->first_spi, .secret = secrets.responder_to_initiator},
      offer, secrets.initiator_to_responder, peers_[attempt->peer].key, std::move(preshared));
  target_ = attempt->peer;
  // Answers to the others would only change keys again.
  attempts_.clear();
  use(arrived, agreed);
}

// Whoever it answers: a flood behind our address brings us the cookie that we shall need. Those that were
// recorded earlier come with a good mac2 as well, as often as somebody likes; so these have no allowance that
// could be used up.
void Association::handle_cookie(Instant arrived, Bytes cell) {
  const bool proven =
      std::any_of(peers_.begin(), peers_.end(), [&](PeerKey& peer) { return peer.answers.verify(cell); });
  if (!proven && !cookies_read_.take(arrived)) {
    counters_.too_many.add();
    return;
  }
  const Bytes header = cell.first(wire::kHandshakeHeaderBytes);
  const Bytes message = cell.subspan(wire::kHandshakeHeaderBytes, wire::kCookieMessageBytes);
  for (PeerKey& peer : peers_) {
    if (!peer.we_initiate) continue;
    const auto cookie = peer.seal.open(header, message);
    if (!cookie) continue;
    peer.cookie.handle_cookie(arrived, *cookie);
    counters_.cookies_received.add();
    return;
  }
  counters_.not_genuine.add();
}

}  // namespace cuttle
