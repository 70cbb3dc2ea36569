// What both sides of a Noise handshake carry from token to token: Noise's SymmetricState with its CipherState
// (revision 34, sections 5.1 and 5.2), for Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s. Used by NoiseHandshake
// alone.
#pragma once

#include <string_view>

#include "crypto/blake2s.hh"
#include "crypto/secret.hh"

namespace cuttle {

struct NoiseSecrets {
  Secret<32> initiator_to_responder;
  Secret<32> responder_to_initiator;
};

// Small and copyable on purpose: a message is tried on a copy, which replaces the state once it proves good.
class NoiseSymmetric {
 public:
  // Precondition: a name longer than a hash (Noise pads shorter ones instead of hashing them).
  explicit NoiseSymmetric(std::string_view protocol_name);

  void mix_hash(Bytes data) { hash_ = blake2s({hash_, data}); }
  void mix_key(Bytes key_material);
  void mix_key_and_hash(Bytes key_material);

  // Precondition of both: a key was mixed in. In a pattern with a psk that is so from the first token on.
  // Writes plain.size() + 16 bytes.
  void encrypt_and_hash(Bytes plain, uint8_t* out);
  // Writes sealed.size() - 16 bytes. On false the state is no longer of use.
  [[nodiscard]] bool decrypt_and_hash(Bytes sealed, uint8_t* plain);

  const Blake2sHash& hash() const { return hash_; }
  NoiseSecrets split() const;
  // A third secret beside those two, independent of them: for what outlives the session.
  Secret<32> exported_key() const;

 private:
  void set_key(const Secret<32>& key);

  Blake2sHash hash_;         // h: all that both sides have seen; not secret
  Secret<32> chaining_key_;  // ck: all secrets so far
  Secret<32> key_;           // k
  uint64_t nonce_ = 0;       // n: how often k was used
  bool has_key_ = false;
};

}  // namespace cuttle
