#include "crypto/hkdf.hh"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>

#include "base/check.hh"
#include "crypto/openssl_handles.hh"

namespace cuttle {

Secret<32> hmac_blake2s(Bytes key, std::initializer_list<Bytes> parts) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CUTTLE_CHECK(hmac != nullptr, "OpenSSL lacks HMAC");
  const MacContext context(EVP_MAC_CTX_new(hmac));
  std::string digest = "BLAKE2S-256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_end()};
  static constexpr uint8_t kNothing = 0;  // OpenSSL takes a null key for "the key of before"
  const uint8_t* key_start = key.empty() ? &kNothing : key.data();
  bool good = context && EVP_MAC_init(context.get(), key_start, key.size(), parameters) == 1;
  for (const Bytes part : parts) good = good && EVP_MAC_update(context.get(), part.data(), part.size()) == 1;
  Secret<32> result;
  size_t size = 0;
  good = good && EVP_MAC_final(context.get(), result.data(), &size, Secret<32>::kSize) == 1;
  CUTTLE_CHECK(good && size == Secret<32>::kSize, "OpenSSL refuses HMAC-BLAKE2s");
  return result;
}

template <size_t count>
std::array<Secret<32>, count> noise_hkdf(Bytes chaining_key, Bytes key_material) {
  const Secret<32> temporary = hmac_blake2s(chaining_key, {key_material});
  std::array<Secret<32>, count> outputs;
  Bytes previous;
  uint8_t number = 0;
  for (Secret<32>& output : outputs) {
    ++number;
    output = hmac_blake2s(temporary.bytes(), {previous, Bytes(&number, 1)});
    previous = output.bytes();
  }
  return outputs;
}

template std::array<Secret<32>, 1> noise_hkdf<1>(Bytes, Bytes);
template std::array<Secret<32>, 2> noise_hkdf<2>(Bytes, Bytes);
template std::array<Secret<32>, 3> noise_hkdf<3>(Bytes, Bytes);

void hkdf_expand(const Secret<32>& key, Bytes info, MutableBytes out) {
  CUTTLE_CHECK(out.size() <= kHkdfMaxSize, "HKDF numbers its blocks in one byte");
  Secret<32> block;
  Bytes previous;
  for (uint8_t number = 1; !out.empty(); ++number) {
    block = hmac_blake2s(key.bytes(), {previous, info, Bytes(&number, 1)});
    previous = block.bytes();
    const size_t here = std::min(out.size(), previous.size());
    std::copy_n(previous.data(), here, out.data());
    out = out.subspan(here);
  }
}

}  // namespace cuttle
