// Sealing and opening by OpenSSL's EVP, the same for every AEAD with a 12-byte nonce and a 16-byte tag. Not
// for use outside this folder.
#pragma once

#include "base/bytes.hh"
#include "crypto/openssl_handles.hh"

namespace cuttle {

enum class EvpDirection { seal, open };

// A context that holds the key, expanded. Wiped by OpenSSL when freed.
CipherContext make_evp_aead(const EVP_CIPHER* cipher, EvpDirection direction, const uint8_t* key);

// Both as Aead has them (aead.hh); they allocate nothing. Precondition: a context of that direction.
void evp_seal(EVP_CIPHER_CTX* context, const uint8_t* nonce, Bytes aad, Bytes plain, uint8_t* out) noexcept;
[[nodiscard]] bool evp_open(EVP_CIPHER_CTX* context, const uint8_t* nonce, Bytes aad, Bytes sealed,
                            uint8_t* plain) noexcept;

}  // namespace cuttle
