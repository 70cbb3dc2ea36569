// The answering side of association.hh: initiations, genuine or not, few or many.
#include <algorithm>

#include "link/association.hh"

namespace cuttle {

// Whether an initiation may cost two key agreements. Of those that may not, some are answered with a cookie.
bool Association::may_read(Instant arrived, Bytes cell) {
  const Bytes mac1 = wire::mac1_of(cell);
  const auto is_it = [&](const Blake2sTag& read) {
    return std::equal(mac1.begin(), mac1.end(), read.begin());
  };
  if (std::any_of(read_.begin(), read_.begin() + std::min(reads_, read_.size()), is_it)) {
    counters_.stale.add();
    return false;
  }
  if (issuer_.verify(arrived, cell)) {
    if (proven_.take(arrived)) return true;
  } else {
    if (unproven_.take(arrived)) return true;
    if (cookies_.take(arrived)) {
      send_cookie(arrived, load_be32(cell.data() + 8));
      counters_.cookie_instead.add();
      return false;
    }
  }
  counters_.too_many.add();
  return false;
}

void Association::send_cookie(Instant arrived, uint32_t asked) {
  // Sealed for the keys that the peer may ask with, in turn.
  const auto asks = [](const PeerKey& peer) { return !peer.we_initiate; };
  const auto count = std::count_if(peers_.begin(), peers_.end(), asks);
  size_t turn = cookies_sent_++ % static_cast<size_t>(count);
  PeerKey& peer =
      *std::find_if(peers_.begin(), peers_.end(), [&](const PeerKey& p) { return asks(p) && turn-- == 0; });
  const Cookie cookie = issuer_.current(arrived, wall_clock_ns_, entropy_);
  std::array<uint8_t, wire::kCookieNonceBytes> nonce;
  entropy_(nonce);
  uint8_t* at = begin_cell(wire::HandshakeType::cookie, 0, asked);
  peer.seal.seal({cell_.get(), wire::kHandshakeHeaderBytes}, cookie, nonce, at);
  finish_answer(peer, arrived);
}

void Association::handle_initiation(Instant arrived, Bytes cell) {
  if (!may_read(arrived, cell)) return;
  NoiseHandshake noise = NoiseHandshake::responder(config_.keys.own, noise_prologue(), draw_ephemeral());
  uint8_t payload[wire::kOfferBytes];
  const Bytes message = cell.subspan(wire::kHandshakeHeaderBytes, wire::kNoiseMessage1Bytes);
  if (!noise.read_message(message, payload)) {
    counters_.not_genuine.add();
    return;
  }
  const PeerKey* peer = find_peer(noise.remote_static());
  const wire::Offer offer = wire::load_offer(payload);
  if (peer == nullptr || peer->we_initiate || !usable(offer)) {
    counters_.not_genuine.add();
    return;
  }
  std::copy_n(wire::mac1_of(cell).begin(), wire::kMacBytes, read_[reads_++ % read_.size()].begin());
  const bool newer = offer.timestamp_ns > last_timestamp_seen_ns_;
  expire_unconfirmed(arrived);
  if ((!newer && !quiet(arrived, last_authentic_)) || !has_room_for(offer.timestamp_ns)) {
    // Older than one seen before: a replay, or a peer whose clock was set back. The latter is let in once its
    // old session has gone quiet; a replay gains nothing then, for it cannot confirm the keys.
    counters_.stale.add();
    return;
  }
  last_timestamp_seen_ns_ = std::max(last_timestamp_seen_ns_, offer.timestamp_ns);
  if (!(newer ? answers_to_newer_ : answers_to_older_).take(arrived)) {
    counters_.too_many.add();
    return;
  }
  counters_.initiations_received.add();
  answer(arrived, cell, noise, offer);
}

std::deque<Association::Agreed>::iterator Association::oldest_unconfirmed() {
  return std::min_element(unconfirmed_.begin(), unconfirmed_.end(),
                          [](const Agreed& a, const Agreed& b) { return a.timestamp_ns < b.timestamp_ns; });
}

// Of those that wait for their first cell, the genuine one is the newest: replays may push out each other.
bool Association::has_room_for(uint64_t timestamp_ns) {
  return unconfirmed_.size() < kMaxUnconfirmed || oldest_unconfirmed()->timestamp_ns < timestamp_ns;
}

// Not for ever, though: where the peer's clock was set back, the genuine one is the oldest.
void Association::expire_unconfirmed(Instant now) {
  forget_unconfirmed([&](const Agreed& agreed) { return now - agreed.since >= kUnconfirmedLife; });
}

void Association::answer(Instant arrived, Bytes asked, NoiseHandshake& noise, const wire::Offer& offer) {
  PresharedAgreement preshared;
  preshared.both = ratchet_ && offer.preshared != PresharedRatchet::kTakesNoPart;
  if (preshared.both) preshared.used = ratchet_->choose(offer.preshared);
  noise.set_preshared_key(PresharedRatchet::mixed(config_.keys.preshared, preshared.used));
  const Spi spi = draw_spi();
  wire::Offer own_words = own_offer(arrived, config_.calendar != 0 ? wall_clock_ns_ : 0, spi);
  if (preshared.both) describe_preshared(own_words, PresharedRatchet::kHasNone, wall_clock_ns_);
  preshared.renew = own_words.renew_preshared || offer.renew_preshared;
  uint8_t own[wire::kOfferBytes];
  wire::store_offer(own, own_words);
  uint8_t* at = begin_cell(wire::HandshakeType::response, draw_u32(), load_be32(asked.data() + 8));
  if (!noise.write_message(own, {at, wire::kNoiseMessage2Bytes})) {
    counters_.not_genuine.add();
    return;
  }
  finish_answer(*find_peer(noise.remote_static()), arrived, wire::mac1_of(asked));
  uint64_t instead_of = 0;
  if (unconfirmed_.size() == kMaxUnconfirmed) {
    const auto oldest = oldest_unconfirmed();
    instead_of = oldest->session;
    unconfirmed_.erase(oldest);
  }
  const NoiseSecrets secrets = noise.split();
  if (preshared.both) preshared.derived = PresharedRatchet::derive(noise.exported_key());
  unconfirmed_.push_back(agree(
      arrived,
      {.session = 0, .first_spi = spi, .secret = secrets.initiator_to_responder, .instead_of = instead_of},
      offer, secrets.responder_to_initiator, noise.remote_static(), std::move(preshared)));
}

void Association::handle_first_cell(Instant arrived, uint64_t session) {
  expire_unconfirmed(arrived);
  const auto found = std::find_if(unconfirmed_.begin(), unconfirmed_.end(),
                                  [&](const Agreed& agreed) { return agreed.session == session; });
  // An initiator uses its sessions at once; none of them waits here.
  if (found == unconfirmed_.end()) return;
  // Now this initiation is known not to be a replay. Where the peer's clock was set back, its next ones must
  // be let in, too.
  last_timestamp_seen_ns_ = found->timestamp_ns;
  use(arrived, *found);
}

}  // namespace cuttle
