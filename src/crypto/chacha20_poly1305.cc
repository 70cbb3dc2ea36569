#include "crypto/chacha20_poly1305.hh"

#include <array>

#include "crypto/evp_aead.hh"

namespace cuttle {

namespace {

std::array<uint8_t, 12> nonce_bytes(uint64_t nonce) {
  std::array<uint8_t, 12> bytes{};
  for (size_t i = 0; i < 8; ++i) bytes[4 + i] = static_cast<uint8_t>(nonce >> (8 * i));
  return bytes;
}

}  // namespace

void chacha_seal(const Secret<32>& key, uint64_t nonce, Bytes aad, Bytes plain, uint8_t* out) {
  const auto context = make_evp_aead(EVP_chacha20_poly1305(), EvpDirection::seal, key.data());
  evp_seal(context.get(), nonce_bytes(nonce).data(), aad, plain, out);
}

bool chacha_open(const Secret<32>& key, uint64_t nonce, Bytes aad, Bytes sealed, uint8_t* plain) {
  const auto context = make_evp_aead(EVP_chacha20_poly1305(), EvpDirection::open, key.data());
  return evp_open(context.get(), nonce_bytes(nonce).data(), aad, sealed, plain);
}

}  // namespace cuttle
