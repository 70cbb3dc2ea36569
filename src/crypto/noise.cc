#include "crypto/noise.hh"

#include <algorithm>

#include "base/check.hh"

namespace cuttle {

namespace {

constexpr std::string_view kProtocolName = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr size_t kSealedKeySize = kKeySize + NoiseHandshake::kTagSize;

static_assert(NoiseHandshake::kMessage1Overhead == 96 && NoiseHandshake::kMessage2Overhead == 48);

// One of the tokens es, ss, ee, se. False when the result would be all zero.
bool mix_exchange(NoiseSymmetric& state, const PrivateKey& own, const PublicKey& remote) {
  const auto shared = x25519(own, remote);
  if (!shared) return false;
  state.mix_key(shared->bytes());
  return true;
}

// Token e. With a psk in the pattern the key is mixed in as well as hashed (section 9.2).
void mix_ephemeral(NoiseSymmetric& state, const PublicKey& ephemeral) {
  state.mix_hash(ephemeral.bytes);
  state.mix_key(ephemeral.bytes);
}

PublicKey first_key(Bytes message) {
  PublicKey key;
  std::copy_n(message.data(), kKeySize, key.bytes.data());
  return key;
}

}  // namespace

NoiseHandshake::NoiseHandshake(Step first, const PrivateKey& own_static, const PublicKey& responder_static,
                               const PrivateKey& ephemeral, Bytes prologue)
    : state_(kProtocolName), step_(first), own_static_(own_static), own_ephemeral_(ephemeral) {
  state_.mix_hash(prologue);
  state_.mix_hash(responder_static.bytes);  // the pre-message <- s
}

NoiseHandshake NoiseHandshake::initiator(const PrivateKey& own_static, const PublicKey& remote_static,
                                         const PresharedKey& preshared, Bytes prologue,
                                         const PrivateKey& ephemeral) {
  NoiseHandshake handshake(Step::write_1, own_static, remote_static, ephemeral, prologue);
  handshake.remote_static_ = remote_static;
  handshake.preshared_ = preshared;
  return handshake;
}

NoiseHandshake NoiseHandshake::responder(const PrivateKey& own_static, Bytes prologue,
                                         const PrivateKey& ephemeral) {
  return {Step::read_1, own_static, own_static.public_key(), ephemeral, prologue};
}

void NoiseHandshake::set_preshared_key(const PresharedKey& preshared) {
  CUTTLE_CHECK(step_ == Step::write_2, "the responder sets the preshared key between the two messages");
  preshared_ = preshared;
}

std::optional<size_t> NoiseHandshake::write_message(Bytes payload, MutableBytes out) {
  const bool first = step_ == Step::write_1;
  CUTTLE_CHECK(first || step_ == Step::write_2, "not this side's turn to write");
  CUTTLE_CHECK(preshared_.has_value(), "message 2 needs the preshared key of who sent message 1");
  const size_t size = payload.size() + (first ? kMessage1Overhead : kMessage2Overhead);
  CUTTLE_CHECK(size <= out.size() && size <= kMaxMessageSize, "no room for the message");
  NoiseSymmetric next = state_;
  if (!(first ? write_1(next, payload, out.data()) : write_2(next, payload, out.data()))) return std::nullopt;
  state_ = next;
  step_ = first ? Step::read_2 : Step::finished;
  return size;
}

std::optional<size_t> NoiseHandshake::read_message(Bytes message, MutableBytes payload_out) {
  const bool first = step_ == Step::read_1;
  CUTTLE_CHECK(first || step_ == Step::read_2, "not this side's turn to read");
  const size_t overhead = first ? kMessage1Overhead : kMessage2Overhead;
  if (message.size() < overhead || message.size() > kMaxMessageSize) return std::nullopt;
  const size_t size = message.size() - overhead;
  if (size > payload_out.size()) return std::nullopt;
  NoiseSymmetric next = state_;
  if (!(first ? read_1(next, message, payload_out.data()) : read_2(next, message, payload_out.data())))
    return std::nullopt;
  state_ = next;
  step_ = first ? Step::write_2 : Step::finished;
  return size;
}

// -> e, es, s, ss, payload
bool NoiseHandshake::write_1(NoiseSymmetric& state, Bytes payload, uint8_t* out) const {
  const PublicKey ephemeral = own_ephemeral_.public_key();
  out = std::copy(ephemeral.bytes.begin(), ephemeral.bytes.end(), out);
  mix_ephemeral(state, ephemeral);
  if (!mix_exchange(state, own_ephemeral_, *remote_static_)) return false;
  state.encrypt_and_hash(own_static_.public_key().bytes, out);
  if (!mix_exchange(state, own_static_, *remote_static_)) return false;
  state.encrypt_and_hash(payload, out + kSealedKeySize);
  return true;
}

bool NoiseHandshake::read_1(NoiseSymmetric& state, Bytes message, uint8_t* payload) {
  const PublicKey ephemeral = first_key(message);
  message = message.subspan(kKeySize);
  mix_ephemeral(state, ephemeral);
  if (!mix_exchange(state, own_static_, ephemeral)) return false;
  PublicKey remote;
  if (!state.decrypt_and_hash(message.first(kSealedKeySize), remote.bytes.data())) return false;
  if (!mix_exchange(state, own_static_, remote)) return false;
  if (!state.decrypt_and_hash(message.subspan(kSealedKeySize), payload)) return false;
  remote_ephemeral_ = ephemeral;
  remote_static_ = remote;
  return true;
}

// <- e, ee, se, psk, payload
bool NoiseHandshake::write_2(NoiseSymmetric& state, Bytes payload, uint8_t* out) const {
  const PublicKey ephemeral = own_ephemeral_.public_key();
  out = std::copy(ephemeral.bytes.begin(), ephemeral.bytes.end(), out);
  mix_ephemeral(state, ephemeral);
  if (!mix_exchange(state, own_ephemeral_, remote_ephemeral_)) return false;
  if (!mix_exchange(state, own_ephemeral_, *remote_static_)) return false;
  state.mix_key_and_hash(preshared_->bytes());
  state.encrypt_and_hash(payload, out);
  return true;
}

bool NoiseHandshake::read_2(NoiseSymmetric& state, Bytes message, uint8_t* payload) const {
  const PublicKey ephemeral = first_key(message);
  mix_ephemeral(state, ephemeral);
  if (!mix_exchange(state, own_ephemeral_, ephemeral)) return false;
  if (!mix_exchange(state, own_static_, ephemeral)) return false;
  state.mix_key_and_hash(preshared_->bytes());
  return state.decrypt_and_hash(message.subspan(kKeySize), payload);
}

const PublicKey& NoiseHandshake::remote_static() const {
  CUTTLE_CHECK(remote_static_.has_value(), "the responder knows the other side only after message 1");
  return *remote_static_;
}

const Blake2sHash& NoiseHandshake::handshake_hash() const {
  CUTTLE_CHECK(finished(), "the handshake's hash exists only when it is finished");
  return state_.hash();
}

NoiseSecrets NoiseHandshake::split() const {
  CUTTLE_CHECK(finished(), "secrets exist only when the handshake is finished");
  return state_.split();
}

}  // namespace cuttle
