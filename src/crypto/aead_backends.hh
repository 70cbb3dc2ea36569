// What aead.cc chooses from. Not for use elsewhere: see aead.hh.
#pragma once

#include <memory>

#include "crypto/aead.hh"

namespace cuttle {

std::unique_ptr<Aead> make_openssl_aead(const AeadKey& key);

// Precondition of make_ipsec_mb_aead: ipsec_mb_usable(). Both exist only where the build found the library.
bool ipsec_mb_usable();
std::unique_ptr<Aead> make_ipsec_mb_aead(const AeadKey& key);

// The nonce (RFC 4106, section 4): the salt stays, the IV is filled in for each cell.
class AeadNonce {
 public:
  explicit AeadNonce(const AeadKey& key) { std::memcpy(bytes_, key.salt(), kAeadSaltSize); }
  ~AeadNonce() { wipe(bytes_, sizeof bytes_); }
  AeadNonce(const AeadNonce&) = delete;
  AeadNonce& operator=(const AeadNonce&) = delete;

  const uint8_t* with_iv(uint64_t iv) {
    store_be64(bytes_ + kAeadSaltSize, iv);
    return bytes_;
  }

 private:
  uint8_t bytes_[kAeadNonceSize];
};

}  // namespace cuttle
