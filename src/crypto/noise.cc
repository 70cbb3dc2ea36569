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

// Whether it can be a message, with a payload for which there is room.
bool fits(Bytes message, size_t overhead, MutableBytes payload_out) {
  return message.size() >= overhead && message.size() <= NoiseHandshake::kMaxMessageSize &&
         message.size() - overhead <= payload_out.size();
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
  if (step_ != Step::read_1) {
    const std::span<const PresharedKey> one(&*preshared_, 1);
    if (!read_response(message, payload_out, one)) return std::nullopt;
    return message.size() - kMessage2Overhead;
  }
  if (!fits(message, kMessage1Overhead, payload_out)) return std::nullopt;
  NoiseSymmetric next = state_;
  if (!read_1(next, message, payload_out.data())) return std::nullopt;
  state_ = next;
  step_ = Step::write_2;
  return message.size() - kMessage1Overhead;
}

std::optional<size_t> NoiseHandshake::read_response(Bytes message, MutableBytes payload_out,
                                                    std::span<const PresharedKey> candidates) {
  CUTTLE_CHECK(step_ == Step::read_2, "not this side's turn to read");
  if (!fits(message, kMessage2Overhead, payload_out)) return std::nullopt;
  NoiseSymmetric exchanged = state_;
  if (!read_2_exchanges(exchanged, message)) return std::nullopt;
  for (size_t i = 0; i < candidates.size(); ++i) {
    NoiseSymmetric next = exchanged;
    next.mix_key_and_hash(candidates[i].bytes());
    if (!next.decrypt_and_hash(message.subspan(kKeySize), payload_out.data())) continue;
    state_ = next;
    step_ = Step::finished;
    return i;
  }
  return std::nullopt;
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

// Up to the preshared key.
bool NoiseHandshake::read_2_exchanges(NoiseSymmetric& state, Bytes message) const {
  const PublicKey ephemeral = first_key(message);
  mix_ephemeral(state, ephemeral);
  return mix_exchange(state, own_ephemeral_, ephemeral) && mix_exchange(state, own_static_, ephemeral);
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

Secret<32> NoiseHandshake::exported_key() const {
  CUTTLE_CHECK(finished(), "secrets exist only when the handshake is finished");
  return state_.exported_key();
}

}  // namespace cuttle
