#include "crypto/evp_aead.hh"

#include <climits>

#include "base/check.hh"

namespace cuttle {

namespace {

constexpr size_t kTagSize = 16;

int as_int(size_t size) {
  CUTTLE_CHECK(size <= INT_MAX, "EVP takes sizes as int");
  return static_cast<int>(size);
}

// Feeds nothing when there is nothing: EVP may take a null pointer for another request.
bool update(EVP_CIPHER_CTX* context, uint8_t* out, Bytes in) {
  int written = 0;
  return in.empty() || EVP_CipherUpdate(context, out, &written, in.data(), as_int(in.size())) == 1;
}

bool start(EVP_CIPHER_CTX* context, const uint8_t* nonce) {
  return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce, -1) == 1;
}

bool finish(EVP_CIPHER_CTX* context) {
  uint8_t unused[kTagSize];
  int written = 0;
  return EVP_CipherFinal_ex(context, unused, &written) == 1;
}

}  // namespace

CipherContext make_evp_aead(const EVP_CIPHER* cipher, EvpDirection direction, const uint8_t* key) {
  CipherContext context(EVP_CIPHER_CTX_new());
  const int encrypt = direction == EvpDirection::seal ? 1 : 0;
  CUTTLE_CHECK(context && EVP_CipherInit_ex(context.get(), cipher, nullptr, key, nullptr, encrypt) == 1,
               "OpenSSL refuses an AEAD key");
  return context;
}

void evp_seal(EVP_CIPHER_CTX* context, const uint8_t* nonce, Bytes aad, Bytes plain, uint8_t* out) noexcept {
  const bool sealed = start(context, nonce) && update(context, nullptr, aad) && update(context, out, plain) &&
                      finish(context) &&
                      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagSize, out + plain.size()) == 1;
  CUTTLE_CHECK(sealed, "sealing cannot fail: nothing may go out unsealed");
}

bool evp_open(EVP_CIPHER_CTX* context, const uint8_t* nonce, Bytes aad, Bytes sealed,
              uint8_t* plain) noexcept {
  if (sealed.size() < kTagSize) return false;
  const Bytes ciphertext = sealed.first(sealed.size() - kTagSize);
  uint8_t tag[kTagSize];  // EVP wants to write to it
  std::memcpy(tag, ciphertext.data() + ciphertext.size(), kTagSize);
  return start(context, nonce) && update(context, nullptr, aad) && update(context, plain, ciphertext) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) == 1 &&
         finish(context);  // compares in constant time
}

}  // namespace cuttle
