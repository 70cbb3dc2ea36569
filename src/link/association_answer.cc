// The answering side of association.hh: initiations, genuine or not, few or many.
#include <algorithm>
#include <utility>

#include "link/association.hh"

namespace cuttle {

namespace {

PublicKey ephemeral_of(Bytes initiation) {
  PublicKey key;
  std::copy_n(initiation.begin() + wire::kHandshakeHeaderBytes, key.bytes.size(), key.bytes.begin());
  return key;
}

Blake2sTag tag_of(Bytes mac) {
  Blake2sTag tag;
  std::copy_n(mac.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace

// Whether an initiation may cost two key agreements. Of those that may not, some are answered with a cookie.
std::optional<Association::Reading> Association::may_read(Instant arrived, Bytes cell) {
  const Reading reading{issuer_.verify(arrived, cell)};
  if (reading.cookie && std::ranges::find(proven_read_, tag_of(wire::mac2_of(cell))) != proven_read_.end()) {
    counters_.stale.add();
    return std::nullopt;
  }
  const auto read_end = read_.begin() + static_cast<std::ptrdiff_t>(std::min(reads_, read_.size()));
  const auto read = std::ranges::find(read_.begin(), read_end, ephemeral_of(cell), &Read::ephemeral);
  if (read != read_end) {
    if (tag_of(wire::mac1_of(cell)) == read->mac1) {
      counters_.stale.add();
      return std::nullopt;
    }
    // The same with another index, which only the MACs cover. The later of the two can be the peer's own: it
    // is, if it has a cookie.
    if (!reading.cookie) {
      refuse(arrived, cell, reading, counters_.stale);
      return std::nullopt;
    }
  }
  if (reading.cookie) {
    if (proven_.take(arrived)) {
      if (proven_read_.size() < kProvenKept) proven_read_.emplace_back();
      proven_read_[proven_reads_++ % kProvenKept] = tag_of(wire::mac2_of(cell));
      return reading;
    }
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

// A replay, or a peer whose clock was set back, or whom replays leave no room. A cookie tells them apart:
// with its next one the peer shows that it asks now, and a recording cannot.
void Association::refuse(Instant arrived, Bytes cell, const Reading& reading, Counter& counter) {
  counter.add();
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
  Read& read = read_[reads_++ % read_.size()];
  read.ephemeral = ephemeral_of(cell);
  read.mac1 = tag_of(wire::mac1_of(cell));
  const bool proven = is_proven(*reading, offer.timestamp_ns);
  const bool newer = proven || offer.timestamp_ns > last_timestamp_seen_ns_;
  expire_unconfirmed(arrived);
  // Where nothing is heard, the old session is dead, and a peer whose clock was set back is let in. So is a
  // replay, which gains nothing, for it cannot confirm the keys.
  const auto place = place_for(proven, offer.timestamp_ns);
  if ((!newer && !quiet(arrived, last_authentic_)) || !place)
    return refuse(arrived, cell, *reading, counters_.stale);
  last_timestamp_seen_ns_ = std::max(last_timestamp_seen_ns_, offer.timestamp_ns);
  if (!(newer && answers_to_newer_.take(arrived)) && !((proven || !newer) && answers_to_older_.take(arrived)))
    return refuse(arrived, cell, *reading, counters_.too_many);
  counters_.initiations_received.add();
  answer(arrived, cell, noise, offer, proven, *place);
}

// Of those that wait for their first cell: the one whose place a new one takes, or the end where there is
// room. None waits twice, but for a copy with another index that was quicker than the peer's own. Only a
// cookie takes another's place: whoever has recordings could push out the peer's, before its first cell
// comes.
std::optional<std::deque<Association::Agreed>::iterator> Association::place_for(bool proven,
                                                                                uint64_t timestamp_ns) {
  const auto same = std::ranges::find(unconfirmed_, timestamp_ns, &Agreed::timestamp_ns);
  if (same != unconfirmed_.end()) return proven && !same->proven ? std::optional(same) : std::nullopt;
  if (unconfirmed_.size() < kMaxUnconfirmed) return unconfirmed_.end();
  const auto first = std::ranges::min_element(
      unconfirmed_, {}, [](const Agreed& agreed) { return std::pair(agreed.proven, agreed.timestamp_ns); });
  const bool gives_way = std::pair(first->proven, first->timestamp_ns) < std::pair(true, timestamp_ns);
  return proven && gives_way ? std::optional(first) : std::nullopt;
}

// Not for ever, though: where the peer's clock was set back, the genuine one is the oldest.
void Association::expire_unconfirmed(Instant now) {
  forget_unconfirmed([&](const Agreed& agreed) { return now - agreed.since >= kUnconfirmedLife; });
}

void Association::answer(Instant arrived, Bytes asked, NoiseHandshake& noise, const wire::Offer& offer,
                         bool proven, std::deque<Agreed>::iterator place) {
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
  if (place != unconfirmed_.end()) {
    instead_of = place->session;
    unconfirmed_.erase(place);
  }
  const NoiseSecrets secrets = noise.split();
  if (preshared.both) preshared.derived = PresharedRatchet::derive(noise.exported_key());
  unconfirmed_.push_back(agree(arrived,
                               {.session = 0,
                                .first_spi = spi,
                                .secret = secrets.initiator_to_responder,
                                .instead_of = instead_of,
                                .first_by = arrived + kUnconfirmedLife},
                               offer, secrets.responder_to_initiator, noise.remote_static(),
                               std::move(preshared)));
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
