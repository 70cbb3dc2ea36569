// AES-256-GCM as ESP uses it (RFC 4106): the nonce is the key's 4-byte salt followed by an 8-byte IV, the tag
// has 16 bytes. Two backends do the same: intel-ipsec-mb (x86-64, three times as fast on cells) and OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hh"
#include "base/result.hh"
#include "crypto/secret.hh"

namespace cuttle {

inline constexpr size_t kAeadKeySize = 32;  // RFC 4106, section 8.1: AES-256 ...
inline constexpr size_t kAeadSaltSize = 4;  // ... and its salt, which follows the key in the keying material
inline constexpr size_t kAeadIvSize = 8;    // RFC 4106, section 3.1
inline constexpr size_t kAeadNonceSize = kAeadSaltSize + kAeadIvSize;  // RFC 4106, section 4
inline constexpr size_t kAeadTagSize = 16;                             // RFC 4106, section 6

// Key, then salt. Wiped on destruction.
struct AeadKey {
  std::array<uint8_t, kAeadKeySize + kAeadSaltSize> bytes{};

  ~AeadKey() { wipe(bytes.data(), bytes.size()); }
  const uint8_t* key() const { return bytes.data(); }
  const uint8_t* salt() const { return bytes.data() + kAeadKeySize; }
};

// One key, ready for use. Used by one thread at a time; allocates nothing after construction; wipes its key
// schedule on destruction. The caller never seals twice with the same IV (RFC 4106, section 3.1).
class Aead {
 public:
  virtual ~Aead() = default;

  // Writes plain.size() bytes of ciphertext and 16 of tag to `out`. `out` may equal plain.data(); any other
  // overlap is not allowed. The IV goes into the nonce in network order. `aad` is authenticated, not written.
  virtual void seal(uint64_t iv, Bytes aad, Bytes plain, uint8_t* out) noexcept = 0;

  // `sealed` is ciphertext and tag, as seal wrote them. False when it is not what was sealed with this key,
  // IV and `aad`, or shorter than a tag; what is in `plain` is then unspecified and must not be used. `plain`
  // gets sealed.size() - 16 bytes and may equal sealed.data(); any other overlap is not allowed.
  [[nodiscard]] virtual bool open(uint64_t iv, Bytes aad, Bytes sealed, uint8_t* plain) noexcept = 0;
};

enum class AeadBackend { ipsec_mb, openssl };

// For messages and reports: "ipsec-mb" or "openssl".
const char* aead_backend_name(AeadBackend backend);

// Whether this build and this CPU can use it. OpenSSL always can be.
bool aead_backend_available(AeadBackend backend);

// The fastest one available here.
AeadBackend best_aead_backend();

// Fails only for a backend that is not available.
Result<std::unique_ptr<Aead>> make_aead(AeadBackend backend, const AeadKey& key);

}  // namespace cuttle
