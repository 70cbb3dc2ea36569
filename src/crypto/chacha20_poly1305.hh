// ChaCha20-Poly1305 (RFC 8439) with the nonce as Noise lays it out (revision 34, section 12.3): four zero
// bytes, then a counter in little-endian order. For the handshake only; cells use AES-GCM (aead.hh).
#pragma once

#include <cstdint>

#include "base/bytes.hh"
#include "crypto/secret.hh"

namespace cuttle {

inline constexpr size_t kChachaTagSize = 16;

// Writes plain.size() bytes of ciphertext and 16 of tag to `out`, which overlaps nothing or equals
// plain.data().
void chacha_seal(const Secret<32>& key, uint64_t nonce, Bytes aad, Bytes plain, uint8_t* out);

// False when `sealed` is not what was sealed with this key, nonce and `aad`; what is in `plain` is then
// unspecified. `plain` gets sealed.size() - 16 bytes and overlaps nothing or equals sealed.data().
[[nodiscard]] bool chacha_open(const Secret<32>& key, uint64_t nonce, Bytes aad, Bytes sealed,
                               uint8_t* plain);

}  // namespace cuttle
