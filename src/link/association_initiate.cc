// The initiating side of association.hh: when to ask, whom, and what to make of the answer.
#include <algorithm>

#include "link/association.hh"

namespace cuttle {

namespace {

Instant tick_before(Instant now) {
  const int64_t into = now.ns % kTick.ns;
  return {now.ns - (into < 0 ? into + kTick.ns : into)};
}

}  // namespace

void Association::handle_timeout(Instant now, Instant last_authentic, uint64_t wall_clock_ns) {
  last_authentic_ = last_authentic;
  if (forget_at_ && now >= *forget_at_) {
    forget_at_.reset();
    events_.emplace_back(ForgetBefore{*sending_session_});
  }
  if (sending_session_ && now >= established_ + kRejectAfter) sending_session_.reset();
  const Instant tick = tick_before(now);
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

// The key that answered last; where the last attempt had no answer, the other one.
std::optional<size_t> Association::next_target() const {
  for (size_t step = attempt_ ? 1 : 0; step <= peers_.size(); ++step) {
    const size_t target = (target_ + step) % peers_.size();
    if (peers_[target].we_initiate) return target;
  }
  return std::nullopt;
}

void Association::send_initiation(Instant tick, uint64_t wall_clock_ns) {
  const auto target = next_target();
  if (!target) return;
  target_ = *target;
  next_attempt_ = tick + kRetry;
  // Never backwards, even where the wall clock is.
  last_timestamp_sent_ns_ = std::max(last_timestamp_sent_ns_ + 1, wall_clock_ns);
  const Spi spi = draw_spi();
  attempt_ = Attempt{draw_u32(), spi, target_,
                     std::make_unique<NoiseHandshake>(NoiseHandshake::initiator(
                         config_.keys.own, peers_[target_].key, config_.keys.preshared, noise_prologue(),
                         draw_ephemeral()))};
  uint8_t offer[wire::kOfferBytes];
  wire::store_offer(offer, own_offer(tick, last_timestamp_sent_ns_, spi));
  uint8_t* at = begin_cell(wire::HandshakeType::initiation, attempt_->index, 0);
  if (!attempt_->noise->write_message(offer, {at, wire::kNoiseMessage1Bytes})) {
    attempt_.reset();  // the configured peer key is a point of low order
    return;
  }
  peers_[target_].cookie.store_mac2(tick, {cell_.get(), config_.format.cell_bytes()});
  finish_cell(peers_[target_], tick + kTick + kReaction);
  counters_.initiations_sent.add();
}

void Association::handle_response(Instant arrived, Bytes cell) {
  const uint32_t receiver = load_be32(cell.data() + 12);
  if (!attempt_ || receiver != attempt_->index) {
    counters_.unexpected.add();
    return;
  }
  uint8_t payload[wire::kOfferBytes];
  const Bytes message = cell.subspan(wire::kHandshakeHeaderBytes, wire::kNoiseMessage2Bytes);
  if (!attempt_->noise->read_message(message, payload)) {
    counters_.not_genuine.add();  // the genuine answer may still come
    return;
  }
  const wire::Offer offer = wire::load_offer(payload);
  if (!usable(offer)) {
    counters_.not_genuine.add();
    attempt_.reset();
    return;
  }
  const NoiseSecrets secrets = attempt_->noise->split();
  agree(attempt_->first_spi, secrets.responder_to_initiator, offer, secrets.initiator_to_responder,
        peers_[attempt_->peer].key);
  attempt_.reset();
  use(arrived, unconfirmed_.back());
}

// Whoever it answers: a flood behind our address brings us the cookie that we shall need.
void Association::handle_cookie(Instant arrived, Bytes cell) {
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
