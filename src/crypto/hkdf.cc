#include "crypto/hkdf.hh"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>

#include "base/check.hh"
#include "crypto/openssl_handles.hh"

namespace cuttle {

namespace {

// `salt` is only used where the key is extracted first.
void derive(int mode, Bytes salt, Bytes key, Bytes info, MutableBytes out) {
  static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  CUTTLE_CHECK(hkdf != nullptr, "OpenSSL lacks HKDF");
  const KdfContext context(EVP_KDF_CTX_new(hkdf));
  std::string digest = "BLAKE2S-256";
  static uint8_t nothing = 0;  // OpenSSL takes a null pointer for a parameter that is not there
  const auto bytes = [](const char* name, Bytes value) {
    auto* start = value.empty() ? &nothing : const_cast<uint8_t*>(value.data());
    return OSSL_PARAM_construct_octet_string(name, start, value.size());
  };
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
      bytes(OSSL_KDF_PARAM_KEY, key),
      bytes(OSSL_KDF_PARAM_SALT, salt),
      bytes(OSSL_KDF_PARAM_INFO, info),
      OSSL_PARAM_construct_end()};
  const bool good = context && EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) == 1;
  CUTTLE_CHECK(good, "OpenSSL refuses HKDF with BLAKE2s");
}

}  // namespace

template <size_t count>
std::array<Secret<32>, count> noise_hkdf(Bytes chaining_key, Bytes key_material) {
  Secret<32 * count> all;
  derive(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, chaining_key, key_material, {}, {all.data(), all.kSize});
  std::array<Secret<32>, count> outputs;
  for (size_t i = 0; i < count; ++i) std::copy_n(all.data() + 32 * i, 32, outputs[i].data());
  return outputs;
}

template std::array<Secret<32>, 1> noise_hkdf<1>(Bytes, Bytes);
template std::array<Secret<32>, 2> noise_hkdf<2>(Bytes, Bytes);
template std::array<Secret<32>, 3> noise_hkdf<3>(Bytes, Bytes);

void hkdf_expand(const Secret<32>& key, Bytes info, MutableBytes out) {
  CUTTLE_CHECK(out.size() <= kHkdfMaxSize, "HKDF numbers its blocks in one byte");
  if (out.empty()) return;
  derive(EVP_KDF_HKDF_MODE_EXPAND_ONLY, {}, key.bytes(), info, out);
}

}  // namespace cuttle
