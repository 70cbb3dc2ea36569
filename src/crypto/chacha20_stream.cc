#include "crypto/chacha20_stream.hh"

#include "base/bytes.hh"
#include "base/check.hh"

namespace cuttle {

ChaCha20Stream::ChaCha20Stream(const Secret<32>& key) : context_(EVP_CIPHER_CTX_new()) {
  // Block counter and nonce zero.
  constexpr std::array<uint8_t, 16> kCounterAndNonce{};
  CUTTLE_CHECK(context_ && EVP_EncryptInit_ex(context_.get(), EVP_chacha20(), nullptr, key.data(),
                                              kCounterAndNonce.data()) == 1,
               "OpenSSL refuses a ChaCha20 key");
}

// The nonce is the number and a one; the block counter begins at zero.
void ChaCha20Stream::handle_stream(uint64_t number) {
  std::array<uint8_t, 16> counter_and_nonce{};
  counter_and_nonce[4] = 1;
  store_be64(counter_and_nonce.data() + 8, number);
  CUTTLE_CHECK(EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, counter_and_nonce.data()) == 1,
               "OpenSSL refuses a nonce");
  used_ = kWords;
}

uint64_t ChaCha20Stream::next() {
  if (used_ == kWords) {
    constexpr std::array<uint8_t, sizeof(words_)> kZeros{};
    int written = 0;
    const bool done = EVP_EncryptUpdate(context_.get(), reinterpret_cast<uint8_t*>(words_.data()), &written,
                                        kZeros.data(), static_cast<int>(kZeros.size())) == 1;
    CUTTLE_CHECK(done && written == static_cast<int>(kZeros.size()), "a key stream does not end");
    used_ = 0;
  }
  const uint64_t word = words_[used_];
  words_[used_++] = 0;  // what has been drawn is not kept
  return word;
}

}  // namespace cuttle
