#include "crypto/blake2s.hh"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/check.hh"
#include "crypto/openssl_handles.hh"

namespace cuttle {

Blake2sHash blake2s(std::initializer_list<Bytes> parts) {
  const DigestContext context(EVP_MD_CTX_new());
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_blake2s256(), nullptr) == 1;
  for (const Bytes part : parts)
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  Blake2sHash hash;
  good = good && EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) == 1;
  CUTTLE_CHECK(good, "OpenSSL refuses BLAKE2s");
  return hash;
}

struct Blake2sMac::State {
  MacContext context;  // OpenSSL wipes what it frees
};

Blake2sMac::Blake2sMac(const Secret<32>& key) : state_(std::make_unique<State>()) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "BLAKE2SMAC", nullptr);
  CUTTLE_CHECK(mac != nullptr, "OpenSSL lacks BLAKE2SMAC");
  state_->context.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  size_t size = kBlake2sMacSize;
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                   OSSL_PARAM_construct_end()};
  CUTTLE_CHECK(
      state_->context && EVP_MAC_init(state_->context.get(), key.data(), Secret<32>::kSize, parameters) == 1,
      "OpenSSL refuses a BLAKE2s key");
}

Blake2sMac::~Blake2sMac() = default;
Blake2sMac::Blake2sMac(Blake2sMac&&) noexcept = default;
Blake2sMac& Blake2sMac::operator=(Blake2sMac&&) noexcept = default;

Blake2sTag Blake2sMac::compute(Bytes message) noexcept {
  EVP_MAC_CTX* context = state_->context.get();
  Blake2sTag tag;
  size_t size = 0;
  const bool good = EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&  // the same key again
                    EVP_MAC_update(context, message.data(), message.size()) == 1 &&
                    EVP_MAC_final(context, tag.data(), &size, tag.size()) == 1;
  CUTTLE_CHECK(good && size == kBlake2sMacSize, "BLAKE2s cannot fail once it has its key");
  return tag;
}

bool Blake2sMac::verify(Bytes message, Bytes tag) noexcept {
  const Blake2sTag expected = compute(message);
  return tag.size() == expected.size() && equal_in_constant_time(tag.data(), expected.data(), tag.size());
}

}  // namespace cuttle
