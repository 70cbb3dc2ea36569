#include "link/association.hh"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace cuttle {

namespace {

constexpr std::string_view kPrologue = "cuttle 1";
constexpr std::string_view kMacLabel = "cuttle mac1";
// Initiations answered whose peer has not sent a cell yet. More than one, so that a replayed
// initiation cannot displace the genuine one it races with.
constexpr size_t kMostUnconfirmed = 2;
// A link's SPIs are neighbours; this many are set aside for its lanes.
constexpr uint32_t kSpisPerLink = 32;

Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Instant tick_before(Instant now) {
  const int64_t into = now.ns % kTick.ns;
  return {now.ns - (into < 0 ? into + kTick.ns : into)};
}

// Lane j of ours seals with first_spi + j: an SPI below 256 would make cells that no receiver takes for
// cells.
bool usable(const wire::Offer& offer) {
  return offer.lanes >= 1 && offer.first_spi.value >= Spi::kFirstUsable &&
         offer.first_spi.value <= UINT32_MAX - kSpisPerLink;
}

Blake2sMac mac_for(const PublicKey& receiver) {
  const Blake2sHash hash = blake2s({as_bytes(kMacLabel), receiver.bytes});
  return Blake2sMac(Secret<32>(hash));
}

}  // namespace

Association::Association(AssociationConfig config, Entropy entropy)
    : config_(std::move(config)),
      entropy_(std::move(entropy)),
      own_public_(config_.own_key.public_key()),
      is_initiator_(own_public_ < config_.peer_key),
      own_mac_(mac_for(own_public_)),
      peer_mac_(mac_for(config_.peer_key)),
      cell_(std::make_unique<uint8_t[]>(config_.format.cell_bytes())) {
  CUTTLE_CHECK(own_public_ != config_.peer_key, "a peer has a key of its own");
  CUTTLE_CHECK(config_.lanes >= 1 && config_.lanes <= kSpisPerLink, "a link has 1 to 32 lanes");
}

// --- messages out

uint8_t* Association::begin_cell(wire::HandshakeType type, uint32_t sender, uint32_t receiver) {
  std::memset(cell_.get(), 0, config_.format.cell_bytes());
  cell_[4] = static_cast<uint8_t>(type);
  store_be32(cell_.get() + 8, sender);
  store_be32(cell_.get() + 12, receiver);
  return cell_.get() + wire::kHandshakeHeaderBytes;
}

void Association::finish_cell(Instant due) {
  const size_t mac_at = config_.format.cell_bytes() - wire::kMacsBytes;
  const Blake2sTag mac = peer_mac_.compute({cell_.get(), mac_at});
  std::copy(mac.begin(), mac.end(), cell_.get() + mac_at);
  cell_waiting_ = true;
  datagram_due_ = due;
}

std::optional<Bytes> Association::poll_datagram() {
  if (!std::exchange(cell_waiting_, false)) return std::nullopt;
  return Bytes(cell_.get(), config_.format.cell_bytes());
}

std::optional<AssociationEvent> Association::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<AssociationEvent> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

wire::Offer Association::own_offer(uint64_t timestamp_ns, Spi first_spi) const {
  return {timestamp_ns,     first_spi,       config_.lanes,
          config_.rate_bps, config_.slot_ns, static_cast<uint32_t>(config_.format.cell_bytes())};
}

uint32_t Association::draw_u32() {
  uint8_t octets[4];
  entropy_(octets);
  return load_be32(octets);
}

Spi Association::draw_spi() {
  uint32_t value = 0;
  while (value < Spi::kFirstUsable) value = draw_u32() & ~(kSpisPerLink - 1);
  return {value};
}

PrivateKey Association::draw_ephemeral() {
  Secret<kKeySize> random;
  entropy_(random.bytes());
  return PrivateKey::from_random(std::as_const(random).bytes());
}

// --- the initiating side

bool Association::quiet(Instant now, Instant last_authentic) const {
  // A slow peer's next cells may be a slot away, and that slot's jitter.
  const uint64_t peer_slot_ns =
      peer_offer_ ? std::min(peer_offer_->slot_ns, static_cast<uint64_t>(kLongestSlot.ns)) : 0;
  const Duration patience = std::max(config_.quiet_after, Duration{static_cast<int64_t>(4 * peer_slot_ns)});
  return now - std::max(last_authentic, established_) > patience;
}

void Association::handle_timeout(Instant now, Instant last_authentic, uint64_t wall_clock_ns) {
  last_authentic_ = last_authentic;
  if (forget_at_ && now >= *forget_at_) {
    forget_at_.reset();
    events_.emplace_back(ForgetBefore{*sending_session_});
  }
  if (sending_session_ && now >= established_ + kRejectAfter) sending_session_.reset();
  const Instant tick = tick_before(now);
  if (!is_initiator_ || tick < next_attempt_) return;
  const bool due = !sending_session_ || tick >= established_ + kRekeyAfter || quiet(tick, last_authentic);
  if (due) send_initiation(tick, wall_clock_ns);
}

void Association::send_initiation(Instant tick, uint64_t wall_clock_ns) {
  next_attempt_ = tick + kRetry;
  // Never backwards, even where the wall clock is.
  last_timestamp_sent_ns_ = std::max(last_timestamp_sent_ns_ + 1, wall_clock_ns);
  const Spi spi = draw_spi();
  attempt_ = Attempt{
      draw_u32(), spi,
      std::make_unique<NoiseHandshake>(NoiseHandshake::initiator(
          config_.own_key, config_.peer_key, config_.preshared_key, as_bytes(kPrologue), draw_ephemeral()))};
  uint8_t offer[wire::kOfferBytes];
  wire::store_offer(offer, own_offer(last_timestamp_sent_ns_, spi));
  uint8_t* at = begin_cell(wire::HandshakeType::initiation, attempt_->index, 0);
  if (!attempt_->noise->write_message(offer, {at, wire::kNoiseMessage1Bytes})) {
    attempt_.reset();  // the configured peer key is a point of low order
    return;
  }
  finish_cell(tick + kTick + kReaction);
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
  agree(attempt_->first_spi, secrets.responder_to_initiator, offer, secrets.initiator_to_responder);
  attempt_.reset();
  use(arrived, unconfirmed_.back());
}

// --- the answering side

void Association::handle_datagram(Instant arrived, Bytes cell) {
  CUTTLE_CHECK(cell.size() == config_.format.cell_bytes() && wire::is_handshake(cell), "filtered before");
  const size_t mac_at = cell.size() - wire::kMacsBytes;
  if (!own_mac_.verify(cell.first(mac_at), cell.subspan(mac_at, wire::kMacBytes))) {
    counters_.mac_wrong.add();
    return;
  }
  const auto type = static_cast<wire::HandshakeType>(cell[4]);
  if (type == wire::HandshakeType::initiation && !is_initiator_) {
    handle_initiation(arrived, cell);
  } else if (type == wire::HandshakeType::response && is_initiator_) {
    handle_response(arrived, cell);
  } else {
    counters_.unexpected.add();
  }
}

void Association::handle_initiation(Instant arrived, Bytes cell) {
  if (arrived >= answer_tokens_at_ + kAnswerInterval) {
    const int64_t earned = answer_tokens_at_.ns == INT64_MIN
                               ? kAnswerBurst
                               : (arrived - answer_tokens_at_).ns / kAnswerInterval.ns;
    answer_tokens_ = static_cast<int>(std::min<int64_t>(kAnswerBurst, answer_tokens_ + earned));
    answer_tokens_at_ = arrived;
  }
  if (answer_tokens_ == 0) {
    counters_.too_many.add();
    return;
  }
  --answer_tokens_;

  NoiseHandshake noise = NoiseHandshake::responder(config_.own_key, as_bytes(kPrologue), draw_ephemeral());
  uint8_t payload[wire::kOfferBytes];
  const Bytes message = cell.subspan(wire::kHandshakeHeaderBytes, wire::kNoiseMessage1Bytes);
  if (!noise.read_message(message, payload) || noise.remote_static() != config_.peer_key) {
    counters_.not_genuine.add();
    return;
  }
  const wire::Offer offer = wire::load_offer(payload);
  if (!usable(offer)) {
    counters_.not_genuine.add();
    return;
  }
  if (offer.timestamp_ns <= last_timestamp_seen_ns_ && !quiet(arrived, last_authentic_)) {
    // Older than one seen before: a replay, or a peer whose clock was set back. The latter is let in once its
    // old session has gone quiet; a replay gains nothing then, for it cannot confirm the keys.
    counters_.stale.add();
    return;
  }
  last_timestamp_seen_ns_ = std::max(last_timestamp_seen_ns_, offer.timestamp_ns);
  counters_.initiations_received.add();

  noise.set_preshared_key(config_.preshared_key);
  const Spi spi = draw_spi();
  uint8_t answer[wire::kOfferBytes];
  wire::store_offer(answer, own_offer(0, spi));
  uint8_t* at = begin_cell(wire::HandshakeType::response, draw_u32(), load_be32(cell.data() + 8));
  if (!noise.write_message(answer, {at, wire::kNoiseMessage2Bytes})) {
    counters_.not_genuine.add();
    return;
  }
  finish_cell(arrived + kReaction);
  const NoiseSecrets secrets = noise.split();
  agree(spi, secrets.initiator_to_responder, offer, secrets.responder_to_initiator);
}

void Association::handle_first_cell(Instant arrived, uint64_t session) {
  const auto found = std::find_if(unconfirmed_.begin(), unconfirmed_.end(),
                                  [&](const Agreed& agreed) { return agreed.session == session; });
  if (is_initiator_ || found == unconfirmed_.end()) return;
  // Now this initiation is known not to be a replay. Where the peer's clock was set back, its next ones must
  // be let in, too.
  last_timestamp_seen_ns_ = found->timestamp_ns;
  use(arrived, *found);
}

// --- both sides

void Association::agree(Spi receive_spi, const Secret<32>& receive_secret, const wire::Offer& offer,
                        const Secret<32>& send_secret) {
  const uint64_t session = ++sessions_made_;
  if (unconfirmed_.size() == kMostUnconfirmed) unconfirmed_.pop_front();
  unconfirmed_.push_back({session, offer.first_spi, send_secret, offer.timestamp_ns});
  peer_offer_ = offer;
  events_.emplace_back(InstallReceive{session, receive_spi, receive_secret});
}

void Association::use(Instant arrived, const Agreed& agreed) {
  // A session that is renewed before its time, or while nothing comes, is one that the peer does not hear: it
  // started anew. What it does not receive need not be finished, and to wait would only be to send it in
  // vain.
  const bool renewed_by_the_clock = sending_session_ && arrived >= established_ + kRekeyAfter - kOverlap &&
                                    arrived < established_ + kRejectAfter;
  const bool first = !renewed_by_the_clock || quiet(arrived, last_authentic_);
  events_.emplace_back(InstallSend{agreed.session, agreed.send_spi, agreed.send_secret, first,
                                   arrived + kRejectAfter, arrived + kReaction});
  sending_session_ = agreed.session;
  established_ = arrived;
  forget_at_ = arrived + kOverlap;
  next_attempt_ = arrived + kRetry;
  unconfirmed_.clear();
  counters_.sessions.add();
}

Association::State Association::state(Instant now, Instant last_authentic) const {
  if (!sending_session_) return State::connecting;
  return quiet(now, last_authentic) ? State::quiet : State::up;
}

std::optional<Instant> Association::established() const {
  if (!sending_session_) return std::nullopt;
  return established_;
}

}  // namespace cuttle
