#include "crypto/noise_symmetric.hh"

#include "base/check.hh"
#include "crypto/chacha20_poly1305.hh"
#include "crypto/hkdf.hh"

namespace cuttle {

NoiseSymmetric::NoiseSymmetric(std::string_view protocol_name) {
  CUTTLE_CHECK(protocol_name.size() > kBlake2sSize, "a short name would have to be padded, not hashed");
  hash_ = blake2s({Bytes(reinterpret_cast<const uint8_t*>(protocol_name.data()), protocol_name.size())});
  chaining_key_ = Secret<32>(hash_);
}

void NoiseSymmetric::set_key(const Secret<32>& key) {
  key_ = key;
  nonce_ = 0;
  has_key_ = true;
}

void NoiseSymmetric::mix_key(Bytes key_material) {
  const auto outputs = noise_hkdf<2>(chaining_key_.bytes(), key_material);
  chaining_key_ = outputs[0];
  set_key(outputs[1]);
}

void NoiseSymmetric::mix_key_and_hash(Bytes key_material) {
  const auto outputs = noise_hkdf<3>(chaining_key_.bytes(), key_material);
  chaining_key_ = outputs[0];
  mix_hash(outputs[1].bytes());
  set_key(outputs[2]);
}

void NoiseSymmetric::encrypt_and_hash(Bytes plain, uint8_t* out) {
  CUTTLE_CHECK(has_key_, "nothing of this handshake goes out in the clear but the ephemeral keys");
  chacha_seal(key_, nonce_++, hash_, plain, out);
  mix_hash(Bytes(out, plain.size() + kChachaTagSize));
}

bool NoiseSymmetric::decrypt_and_hash(Bytes sealed, uint8_t* plain) {
  CUTTLE_CHECK(has_key_, "nothing of this handshake comes in the clear but the ephemeral keys");
  const Blake2sHash before = hash_;
  mix_hash(sealed);  // before `plain` is written, which may be where `sealed` is
  return chacha_open(key_, nonce_++, before, sealed, plain);
}

NoiseSecrets NoiseSymmetric::split() const {
  const auto outputs = noise_hkdf<2>(chaining_key_.bytes(), Bytes());
  return {outputs[0], outputs[1]};
}

Secret<32> NoiseSymmetric::exported_key() const {
  return noise_hkdf<3>(chaining_key_.bytes(), Bytes())[2];
}

}  // namespace cuttle
