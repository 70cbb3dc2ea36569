// What both sides of a handshake have in common. The initiating side is in association_initiate.cc, the
// answering one in association_answer.cc.
#include "link/association.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cuttle {

namespace {

// A link's SPIs are neighbours; this many are set aside for its lanes.
constexpr uint32_t kSpisPerLink = 32;

Duration slot_of(uint64_t slot_ns) {
  return {static_cast<int64_t>(std::min(slot_ns, static_cast<uint64_t>(kLongestSlot.ns)))};
}

}  // namespace

bool usable(const wire::Offer& offer) {
  return offer.lanes >= 1 && offer.first_spi.value >= Spi::kFirstUsable &&
         offer.first_spi.value <= UINT32_MAX - kSpisPerLink;
}

// --- keys

Association::PeerKey::PeerKey(const AssociationKeys& keys, const PublicKey& own, const PublicKey& peer)
    : key(peer),
      we_initiate(own < peer),
      mac(peer),
      seal(keys.own, peer, keys.preshared),
      answers(keys.own, peer, keys.preshared) {
  CUTTLE_CHECK(own != peer, "a peer has a key of its own");
}

Association::Association(AssociationConfig config, Entropy entropy)
    : config_(std::move(config)),
      entropy_(std::move(entropy)),
      own_public_(config_.keys.own.public_key()),
      own_mac_(own_public_),
      cookies_(std::max(slot_of(config_.slot_ns) * 4, kCookieInterval), 1),
      answers_to_newer_(std::max(slot_of(config_.slot_ns) * 2, nanoseconds(1)), 1),
      answers_to_older_(std::max(slot_of(config_.slot_ns) * 4, nanoseconds(1)), 1),
      cell_(std::make_unique<uint8_t[]>(config_.format.cell_bytes())) {
  CUTTLE_CHECK(config_.lanes >= 1 && config_.lanes <= kSpisPerLink, "a link has 1 to 32 lanes");
  if (config_.renew_preshared_after) ratchet_.emplace(*config_.renew_preshared_after, config_.renewed);
  learn_keys();
}

void Association::learn_keys() {
  const AssociationKeys& keys = config_.keys;
  peers_.clear();
  peers_.emplace_back(keys, own_public_, keys.peer);
  if (keys.next_peer && *keys.next_peer != keys.peer) {
    peers_.emplace_back(keys, own_public_, *keys.next_peer);
  }
}

Association::PeerKey* Association::find_peer(const PublicKey& key) {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const PeerKey& peer) { return peer.key == key; });
  return found == peers_.end() ? nullptr : &*found;
}

void Association::handle_keys(const AssociationKeys& keys) {
  if (keys == config_.keys) return;
  config_.keys = keys;
  own_public_ = keys.own.public_key();
  own_mac_ = HandshakeMac(own_public_);
  learn_keys();
  attempts_.clear();
  // Whoever had a key that is taken back may know the cookie.
  issuer_.forget();
  const PeerKey* in_use = find_peer(session_peer_);
  target_ = in_use != nullptr ? static_cast<size_t>(in_use - peers_.data()) : 0;
  renew_ = true;
  forget_unconfirmed([&](const Agreed& agreed) { return find_peer(agreed.peer) == nullptr; });
  if (!sending_session_ || in_use != nullptr) return;
  end_sessions("the peer's key that it was agreed with is no longer accepted");
}

void Association::handle_restored(std::optional<Instant> shown_at) {
  const Instant from = shown_at ? reaction_to(*shown_at) : Instant{INT64_MIN};
  // Whoever recorded the answers to these could send them again, and have the same keys agreed twice.
  attempts_.clear();
  next_attempt_ = from;
  end_sessions(shown_at ? "the peer's cells show that this node was set back, or stood still"
                        : "what its keys have sealed is not known",
               from);
}

// Not even those that wait for their first cell go on.
void Association::end_sessions(std::string_view why, Instant from) {
  sending_session_.reset();
  forget_at_.reset();
  unconfirmed_.clear();
  events_.emplace_back(EndSending{why, from});
  events_.emplace_back(ForgetBefore{sessions_made_ + 1, from});
}

// --- messages out

uint8_t* Association::begin_cell(wire::HandshakeType type, uint32_t sender, uint32_t receiver) {
  std::memset(cell_.get(), 0, config_.format.cell_bytes());
  cell_[4] = static_cast<uint8_t>(type);
  store_be32(cell_.get() + 8, sender);
  store_be32(cell_.get() + 12, receiver);
  return cell_.get() + wire::kHandshakeHeaderBytes;
}

void Association::finish_cell(PeerKey& peer, Instant due) {
  peer.mac.store({cell_.get(), config_.format.cell_bytes()});
  cell_waiting_ = true;
  datagram_due_ = due;
}

void Association::finish_answer(PeerKey& peer, Instant arrived, Bytes asked_mac1) {
  peer.answers.store({cell_.get(), config_.format.cell_bytes()}, asked_mac1);
  finish_cell(peer, counted_from(arrived) + kReaction);
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

wire::Offer Association::own_offer(Instant now, uint64_t timestamp_ns, Spi first_spi) const {
  return {.timestamp_ns = timestamp_ns,
          .first_spi = first_spi,
          .lanes = config_.lanes,
          .rate_bps = config_.rate_bps,
          .slot_ns = config_.slot_ns,
          .cell_bytes = static_cast<uint32_t>(config_.format.cell_bytes()),
          .renews = renews(now),
          .calendar = config_.calendar};
}

void Association::describe_preshared(wire::Offer& offer, uint8_t named, uint64_t wall_clock_ns) const {
  offer.preshared = named;
  offer.renew_preshared = ratchet_->wants_renewal(wall_clock_ns);
}

uint32_t Association::draw_u32() {
  uint8_t bytes[4];
  entropy_(bytes);
  return load_be32(bytes);
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

// --- messages in

void Association::handle_datagram(Instant arrived, Bytes cell) {
  CUTTLE_CHECK(cell.size() == config_.format.cell_bytes() && wire::is_handshake(cell), "filtered before");
  if (!own_mac_.verify(cell)) {
    counters_.mac_wrong.add();
    return;
  }
  const auto initiates = [](const PeerKey& peer) { return peer.we_initiate; };
  const bool we_ask = std::any_of(peers_.begin(), peers_.end(), initiates);
  const bool we_answer = !std::all_of(peers_.begin(), peers_.end(), initiates);
  const auto type = static_cast<wire::HandshakeType>(cell[4]);
  if (type == wire::HandshakeType::initiation && we_answer) {
    handle_initiation(arrived, cell);
  } else if (type == wire::HandshakeType::response && we_ask) {
    handle_response(arrived, cell);
  } else if (type == wire::HandshakeType::cookie && we_ask) {
    handle_cookie(arrived, cell);
  } else {
    counters_.unexpected.add();
  }
}

Instant Association::counted_from(Instant arrived) {
  const int64_t past = arrived.ns % kArrivalGrid.ns;
  return past > 0 ? arrived - Duration{past} + kArrivalGrid : arrived - Duration{past};
}

Duration Association::peer_slot() const {
  return peer_offer_ ? slot_of(peer_offer_->slot_ns) : Duration{};
}

// An initiation waits for a slot and its jitter, and so does the answer.
Duration Association::retry() const {
  return std::max({kRetry, slot_of(config_.slot_ns) * 4, peer_slot() * 4});
}

// A slow peer's next cells may be a slot away, and that slot's jitter.
Duration Association::timeout() const {
  return std::max(config_.quiet_after, peer_slot() * 4);
}

bool Association::quiet(Instant now, Instant last_authentic) const {
  return now - std::max(last_authentic, established_) > timeout();
}

// --- sessions

bool Association::renews(Instant now) const {
  return sending_session_ && now < established_ + kRejectAfter && !quiet(now, last_authentic_);
}

Association::Agreed Association::agree(Instant arrived, InstallReceive receive, const wire::Offer& offer,
                                       const Secret<32>& send_secret, const PublicKey& peer,
                                       PresharedAgreement preshared) {
  receive.session = ++sessions_made_;
  peer_offer_ = offer;
  peer_clock_ahead_.reset();
  if (offer.timestamp_ns != 0 && wall_clock_ns_ != 0) {
    peer_clock_ahead_ = Duration{static_cast<int64_t>(offer.timestamp_ns - wall_clock_ns_)};
  }
  events_.emplace_back(receive);
  return {receive.session, arrived, offer.first_spi,     send_secret, offer.timestamp_ns, peer,
          offer.renews,    false,   std::move(preshared)};
}

void Association::forget_unconfirmed(const std::function<bool(const Agreed&)>& is_over) {
  std::erase_if(unconfirmed_, [&](const Agreed& agreed) {
    if (!is_over(agreed)) return false;
    events_.emplace_back(ForgetSession{agreed.session});
    return true;
  });
}

// The keys of sessions that are over or never began, for receiving as for sending: all but those that wait
// for their first cell.
void Association::forget_sessions() {
  sending_session_.reset();
  forget_at_.reset();
  events_.emplace_back(ForgetBefore{unconfirmed_.empty() ? sessions_made_ + 1 : unconfirmed_.front().session,
                                    established_ + kRejectAfter + kReaction});
}

void Association::use(Instant arrived, const Agreed& agreed) {
  // Where one of the two does not hear the other in the session before, it started anew, or will not have the
  // rest of it anyway: to wait would only be to send in vain.
  const bool first = !(agreed.renews && renews(arrived));
  const Instant since = counted_from(arrived);
  events_.emplace_back(InstallSend{agreed.session, agreed.send_spi, agreed.send_secret, first,
                                   since + kRejectAfter, since + kReaction});
  sending_session_ = agreed.session;
  session_peer_ = agreed.peer;
  attempts_.clear();
  renew_ = false;
  established_ = since;
  forget_at_ = since + kOverlap;
  next_attempt_ = since + retry();
  if (ratchet_) ratchet_->handle_agreed(agreed.preshared, wall_clock_ns_);
  const uint64_t used = agreed.session;  // `agreed` may be one of these
  std::erase_if(unconfirmed_, [&](const Agreed& one) { return one.session == used; });
  forget_unconfirmed([](const Agreed&) { return true; });
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

std::optional<PublicKey> Association::session_peer() const {
  if (!sending_session_) return std::nullopt;
  return session_peer_;
}

}  // namespace cuttle
