// The answering side of association.hh: initiations, genuine or not, few or many.
#include <algorithm>
#include <tuple>

#include "link/association.hh"

namespace cuttle {

namespace {

PublicKey ephemeral_of(Bytes initiation) {
  PublicKey key;
  std::copy_n(initiation.begin() + wire::kHandshakeHeaderBytes, key.bytes.size(), key.bytes.begin());
  return key;
}

}  // namespace

// Whether an initiation may cost two key agreements. Of those that may not, some are answered with a cookie.
std::optional<Association::Reading> Association::may_read(Instant arrived, Bytes cell) {
  const auto read_end = read_.begin() + static_cast<std::ptrdiff_t>(std::min(reads_, read_.size()));
  if (std::find(read_.begin(), read_end, ephemeral_of(cell)) != read_end) {
    counters_.stale.add();
    return std::nullopt;
  }
  const Reading reading{issuer_.verify(arrived, cell)};
  if (reading.cookie) {
    if (proven_.take(arrived)) return reading;
  } else {
    if (unproven_.take(arrived)) return reading;
    if (cookies_.take(arrived)) {
      send_cookie(arrived, load_be32(cell.data() + 8));
      counters_.cookie_instead.add();
      return std::nullopt;
    }
  }
  counters_.too_many.add();
  return std::nullopt;
}

// Made a moment ago, by a peer that heard a cookie of the last minutes, and no repetition of one that was.
bool Association::is_proven(const Reading& reading, uint64_t timestamp_ns) {
  if (!reading.cookie) return false;
  const Proven proven{*reading.cookie, timestamp_ns};
  if (proven <= last_proven_) return false;
  last_proven_ = proven;
  return true;
}

// Older than one seen before: a replay, or a peer whose clock was set back. A cookie tells them apart: with
// its next one the peer shows that it asks now, and a recording cannot.
void Association::refuse_stale(Instant arrived, Bytes cell, const Reading& reading) {
  counters_.stale.add();
  if (!reading.cookie && cookies_.take(arrived)) send_cookie(arrived, load_be32(cell.data() + 8));
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
  const auto reading = may_read(arrived, cell);
  if (!reading) return;
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
  read_[reads_++ % read_.size()] = ephemeral_of(cell);
  const bool proven = is_proven(*reading, offer.timestamp_ns);
  const bool newer = proven || offer.timestamp_ns > last_timestamp_seen_ns_;
  expire_unconfirmed(arrived);
  // Where nothing is heard, the old session is dead, and a peer whose clock was set back is let in. So is a
  // replay, which gains nothing, for it cannot confirm the keys.
  if ((!newer && !quiet(arrived, last_authentic_)) || !has_room_for(proven, offer.timestamp_ns))
    return refuse_stale(arrived, cell, *reading);
  last_timestamp_seen_ns_ = std::max(last_timestamp_seen_ns_, offer.timestamp_ns);
  if (!(newer && answers_to_newer_.take(arrived)) &&
      !((proven || !newer) && answers_to_older_.take(arrived))) {
    counters_.too_many.add();
    return;
  }
  counters_.initiations_received.add();
  answer(arrived, cell, noise, offer, proven);
}

// The first to go.
std::deque<Association::Agreed>::iterator Association::oldest_unconfirmed() {
  return std::min_element(unconfirmed_.begin(), unconfirmed_.end(), [](const Agreed& a, const Agreed& b) {
    return std::tie(a.proven, a.timestamp_ns) < std::tie(b.proven, b.timestamp_ns);
  });
}

// Of those that wait for their first cell, the genuine one is the newest, or has a cookie: replays may push
// out each other. None of them waits twice.
bool Association::has_room_for(bool proven, uint64_t timestamp_ns) {
  const auto is_it = [&](const Agreed& agreed) { return agreed.timestamp_ns == timestamp_ns; };
  if (std::any_of(unconfirmed_.begin(), unconfirmed_.end(), is_it)) return false;
  if (unconfirmed_.size() < kMaxUnconfirmed) return true;
  const Agreed& oldest = *oldest_unconfirmed();
  return std::tie(oldest.proven, oldest.timestamp_ns) < std::tie(proven, timestamp_ns);
}

// Not for ever, though: where the peer's clock was set back, the genuine one is the oldest.
void Association::expire_unconfirmed(Instant now) {
  forget_unconfirmed([&](const Agreed& agreed) { return now - agreed.since >= kUnconfirmedLife; });
}

void Association::answer(Instant arrived, Bytes asked, NoiseHandshake& noise, const wire::Offer& offer,
                         bool proven) {
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
  unconfirmed_.back().proven = proven;
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
