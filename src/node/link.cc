#include "node/link.hh"

#include <spdlog/spdlog.h>

#include "node/hedged_entropy.hh"

namespace cuttle {

NodeLink::NodeLink(PeerConfig peer, IpAddress own_address, AssociationConfig association, AeadBackend backend,
                   KeyLog* key_log)
    : peer_(std::move(peer)),
      own_address_(own_address),
      link_(std::move(association), backend, fill_with_hedged_entropy, listener(key_log)) {}

LinkListener NodeLink::listener(KeyLog* key_log) const {
  LinkListener listener;
  if (key_log != nullptr) {
    listener.key = [this, key_log](bool is_received, Spi spi, const AeadKey& key) {
      const IpAddress& theirs = peer_.endpoint.address;
      key_log->add(is_received ? theirs : own_address_, is_received ? own_address_ : theirs, spi, key);
    };
  }
  listener.session_used = [this](uint64_t session) {
    spdlog::debug("link {}: session {} in use", peer_.name, session);
  };
  listener.session_ended = [this](std::string_view why) {
    spdlog::warn("link {}: the session ends: {}", peer_.name, why);
  };
  return listener;
}

void NodeLink::handle_handshakes(Instant now, uint64_t wall_clock_ns) {
  const std::lock_guard lock(mutex_);
  link_.handle_handshakes(now, wall_clock_ns);
  log_state(now);
  log_preshared();
}

Instant NodeLink::poll_timeout() const {
  const std::lock_guard lock(mutex_);
  return link_.poll_timeout();
}

void NodeLink::handle_keys(const AssociationKeys& keys) {
  const std::lock_guard lock(mutex_);
  link_.handle_keys(keys);
}

std::optional<RenewedKeys> NodeLink::poll_unkept_preshared() const {
  const std::lock_guard lock(mutex_);
  const auto& ratchet = link_.association().preshared();
  return ratchet ? ratchet->poll_unkept() : std::nullopt;
}

void NodeLink::handle_preshared_kept(const RenewedKeys& kept) {
  const std::lock_guard lock(mutex_);
  link_.handle_preshared_kept(kept);
}

void NodeLink::handle_restored() {
  const std::lock_guard lock(mutex_);
  link_.handle_restored();
}

std::optional<wire::LadderMessage> NodeLink::poll_ladder() {
  const std::lock_guard lock(mutex_);
  return link_.poll_ladder();
}

bool NodeLink::poll_restored() {
  const std::lock_guard lock(mutex_);
  return link_.poll_restored();
}

void NodeLink::send_ladder(const wire::LadderMessage& message) {
  const std::lock_guard lock(mutex_);
  link_.send_ladder(message);
}

double NodeLink::poll_needed_bps(Duration since_last) {
  const std::lock_guard lock(mutex_);
  return link_.poll_needed_bps(since_last);
}

CellsLost NodeLink::poll_lost() {
  const std::lock_guard lock(mutex_);
  return link_.poll_lost();
}

uint32_t NodeLink::told_step() const {
  const std::lock_guard lock(mutex_);
  return link_.told_step();
}

void NodeLink::change_step(const ChangeStep& change) {
  const std::lock_guard lock(mutex_);
  link_.change_step(change);
}

bool NodeLink::is_of_peer(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return link_.is_of_peer(number);
}

uint64_t NodeLink::ladder_messages_dropped() const {
  uint64_t dropped = 0;
  for (size_t i = 0; i < link_.lanes(); ++i) {
    if (const LadderPost* ladder = link_.lane(i).ladder.get()) {
      dropped += ladder->malformed.value() + ladder->lost.value();
    }
  }
  return dropped;
}

bool NodeLink::is_up(Instant now) const {
  const std::lock_guard lock(mutex_);
  return link_.state(now) == Association::State::up;
}

// Under mutex_.
void NodeLink::log_preshared() {
  const auto& ratchet = link_.association().preshared();
  if (!ratchet || ratchet->lost() == logged_lost_) return;
  logged_lost_ = ratchet->lost();
  spdlog::warn(
      "link {}: {} has lost the preshared key that was agreed with it, or has an old one; a new one follows",
      peer_.name, peer_.name);
}

// Under mutex_.
void NodeLink::log_state(Instant now) {
  const Association::State state = link_.state(now);
  if (state == logged_state_) return;
  logged_state_ = state;
  switch (state) {
    case Association::State::up:
      spdlog::info("link {}: up, {} to {}", peer_.name, own_address_.to_string(), peer_.endpoint.to_string());
      break;
    case Association::State::quiet:
      spdlog::warn("link {}: nothing heard from {} for a second{}; traffic to {} waits", peer_.name,
                   peer_.endpoint.to_string(), lanes() > 1 ? " on one lane at least" : "", peer_.name);
      break;
    case Association::State::connecting:
      spdlog::warn("link {}: the session with {} ended; trying again", peer_.name,
                   peer_.endpoint.to_string());
      break;
  }
}

}  // namespace cuttle
