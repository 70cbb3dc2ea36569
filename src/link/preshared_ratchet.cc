#include "link/preshared_ratchet.hh"

#include <string_view>

#include "crypto/blake2s.hh"

namespace cuttle {

namespace {

Bytes bytes_of(std::string_view label) {
  return {reinterpret_cast<const uint8_t*>(label.data()), label.size()};
}

PresharedKey key_of(Blake2sHash hash) {
  PresharedKey key = PresharedKey::from_random(hash);
  wipe(hash.data(), hash.size());
  return key;
}

bool is(const std::optional<RenewedKey>& key, const std::optional<PresharedKey>& other) {
  return key && other && key->key == *other;
}

}  // namespace

uint8_t PresharedRatchet::name_of(const PresharedKey& key) {
  return static_cast<uint8_t>(kFirstName + blake2s({bytes_of("cuttle name"), key.bytes()})[0] % kNames);
}

PresharedKey PresharedRatchet::derive(const Secret<32>& exported) {
  return key_of(blake2s({bytes_of("cuttle renewed"), exported.bytes()}));
}

PresharedKey PresharedRatchet::mixed(const PresharedKey& configured,
                                     const std::optional<PresharedKey>& renewed) {
  if (!renewed) return configured;
  return key_of(blake2s({bytes_of("cuttle preshared"), configured.bytes(), renewed->bytes()}));
}

bool PresharedRatchet::wants_renewal(uint64_t wall_clock_ns) const {
  if (keys_.next || coming_) return false;
  if (!keys_.proven || wall_clock_ns < keys_.proven->since_ns) return true;
  return wall_clock_ns - keys_.proven->since_ns >= static_cast<uint64_t>(renew_after_.ns);
}

uint8_t PresharedRatchet::poll_name() const {
  if (rung_ == Rung::next && keys_.next) return name_of(keys_.next->key);
  if (rung_ != Rung::none && keys_.proven) return name_of(keys_.proven->key);
  return kHasNone;
}

std::vector<std::optional<PresharedKey>> PresharedRatchet::candidates() const {
  std::vector<std::optional<PresharedKey>> keys;
  if (keys_.next) keys.emplace_back(keys_.next->key);
  if (keys_.proven) keys.emplace_back(keys_.proven->key);
  keys.emplace_back();
  return keys;
}

void PresharedRatchet::handle_unreadable(Rung asked_on) {
  if (asked_on != rung_ || rung_ == Rung::none) return;  // what was asked since is still to be answered
  rung_ = rung_ == Rung::next && keys_.next ? Rung::proven : Rung::none;
}

std::optional<PresharedKey> PresharedRatchet::choose(uint8_t named) const {
  if (named == kTakesNoPart || named == kHasNone) return std::nullopt;
  if (keys_.next && name_of(keys_.next->key) == named) return keys_.next->key;
  if (keys_.proven) return keys_.proven->key;
  return std::nullopt;
}

void PresharedRatchet::handle_agreed(const PresharedAgreement& agreed, uint64_t wall_clock_ns) {
  peer_takes_part_ = agreed.both;
  rung_ = Rung::next;
  if (!agreed.both) return;
  if (is(keys_.next, agreed.used)) {
    keys_ = {keys_.next, std::nullopt};
  } else if (is(keys_.proven, agreed.used)) {
    keys_.next.reset();  // the peer does not have it, or this end would have named it
  } else if (!agreed.used) {
    if (keys_.proven) ++lost_;
    keys_ = {};
  } else {
    return;  // what was in use when this was asked is not any more
  }
  coming_.reset();
  // Two keys of one name would not be told apart. Both ends see that, and renew with the next session.
  if (!agreed.renew || (agreed.used && name_of(*agreed.used) == name_of(agreed.derived))) return;
  coming_ = RenewedKey{agreed.derived, wall_clock_ns};
}

std::optional<RenewedKeys> PresharedRatchet::poll_unkept() const {
  if (wanted() == kept_) return std::nullopt;
  return wanted();
}

void PresharedRatchet::handle_kept(const RenewedKeys& kept) {
  kept_ = kept;
  if (!coming_ || kept != wanted()) return;
  keys_.next = coming_;
  coming_.reset();
}

}  // namespace cuttle
