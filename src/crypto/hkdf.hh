// Key derivation by HMAC-BLAKE2s (RFC 2104 with a block of 64 bytes), which is OpenSSL's HKDF.
#pragma once

#include <array>

#include "base/bytes.hh"
#include "crypto/secret.hh"

namespace cuttle {

// HKDF as Noise has it (revision 34, section 4.3): `count` outputs out of a chaining key and new key
// material. It is RFC 5869 with the chaining key as salt, the key material as input and no info.
template <size_t count>
std::array<Secret<32>, count> noise_hkdf(Bytes chaining_key, Bytes key_material);

inline constexpr size_t kHkdfMaxSize = size_t{255} * 32;

// HKDF-Expand (RFC 5869, section 2.3): fills `out`, at most kHkdfMaxSize, from a uniform key and a label.
void hkdf_expand(const Secret<32>& key, Bytes info, MutableBytes out);

}  // namespace cuttle
