// The handshake: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (The Noise Protocol Framework, revision 34; the
// pattern in sections 7.5 and 9.4):
//
//   <- s                    the initiator knows the responder's static key
//   -> e, es, s, ss         message 1: the initiator's static key, encrypted
//   <- e, ee, se, psk       message 2: the preshared key comes in only here
//
// So the responder learns from message 1 who speaks, and chooses the preshared key then. No I/O, no clock and
// no randomness: bytes and the ephemeral key are parameters. Replay of message 1 is the caller's to notice.
//
// A handshake belongs to one thread. All of its secrets are wiped when it dies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hh"
#include "crypto/keys.hh"
#include "crypto/noise_symmetric.hh"

namespace cuttle {

class NoiseHandshake {
 public:
  static constexpr size_t kTagSize = 16;
  // How much longer a message is than its payload.
  static constexpr size_t kMessage1Overhead = kKeySize + (kKeySize + kTagSize) + kTagSize;
  static constexpr size_t kMessage2Overhead = kKeySize + kTagSize;
  static constexpr size_t kMaxMessageSize = 65535;  // section 3

  // `ephemeral` must be fresh for every handshake. `prologue` is what both sides must agree on beforehand.
  static NoiseHandshake initiator(const PrivateKey& own_static, const PublicKey& remote_static,
                                  const PresharedKey& preshared, Bytes prologue, const PrivateKey& ephemeral);
  static NoiseHandshake responder(const PrivateKey& own_static, Bytes prologue, const PrivateKey& ephemeral);

  // The responder calls this after it has read message 1 and before it writes message 2.
  void set_preshared_key(const PresharedKey& preshared);

  // Each side calls one of these in turn: write, then read, or read, then write. Out of turn is a broken
  // invariant. Where one returns nothing, the handshake is as it was before: one forged message cannot end
  // it, the true one may still follow.

  // Returns the message's size: the payload's and the overhead; `out` must have room for it and not overlap
  // `payload`. None when the remote key is of low order, so that no secret comes of it.
  [[nodiscard]] std::optional<size_t> write_message(Bytes payload, MutableBytes out);

  // Returns the payload's size. None when the message is not from one who holds the keys, too short, or its
  // payload too long for `payload_out`, which is then unspecified. The two may not overlap.
  [[nodiscard]] std::optional<size_t> read_message(Bytes message, MutableBytes payload_out);

  // Message 2, by an initiator who knows several preshared keys, of which the responder may have used any:
  // returns which one it was, and costs the key agreements once. Otherwise as read_message().
  [[nodiscard]] std::optional<size_t> read_response(Bytes message, MutableBytes payload_out,
                                                    std::span<const PresharedKey> candidates);

  // The responder knows it after message 1.
  const PublicKey& remote_static() const;

  bool finished() const { return step_ == Step::finished; }
  // All three only when finished. The hash is equal on both sides and names this handshake (section 11.2).
  const Blake2sHash& handshake_hash() const;
  NoiseSecrets split() const;
  Secret<32> exported_key() const;  // independent of those two

 private:
  enum class Step : uint8_t { write_1, read_1, write_2, read_2, finished };

  NoiseHandshake(Step first, const PrivateKey& own_static, const PublicKey& responder_static,
                 const PrivateKey& ephemeral, Bytes prologue);

  bool write_1(NoiseSymmetric& state, Bytes payload, uint8_t* out) const;
  bool write_2(NoiseSymmetric& state, Bytes payload, uint8_t* out) const;
  bool read_1(NoiseSymmetric& state, Bytes message, uint8_t* payload);
  bool read_2_exchanges(NoiseSymmetric& state, Bytes message) const;

  NoiseSymmetric state_;
  Step step_;
  PrivateKey own_static_;
  PrivateKey own_ephemeral_;
  std::optional<PublicKey> remote_static_;
  PublicKey remote_ephemeral_;
  std::optional<PresharedKey> preshared_;
};

}  // namespace cuttle
