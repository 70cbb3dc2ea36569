// AES-256-GCM by OpenSSL 3's EVP: for CPUs without ipsec-mb, and what the other backend is checked against.
#include "crypto/aead_backends.hh"
#include "crypto/evp_aead.hh"

namespace cuttle {

namespace {

class OpensslAead final : public Aead {
 public:
  explicit OpensslAead(const AeadKey& key)
      : sealing_(make_evp_aead(EVP_aes_256_gcm(), EvpDirection::seal, key.key())),
        opening_(make_evp_aead(EVP_aes_256_gcm(), EvpDirection::open, key.key())),
        nonce_(key) {}

  void seal(uint64_t iv, Bytes aad, Bytes plain, uint8_t* out) noexcept override {
    evp_seal(sealing_.get(), nonce_.with_iv(iv), aad, plain, out);
  }

  bool open(uint64_t iv, Bytes aad, Bytes sealed, uint8_t* plain) noexcept override {
    return evp_open(opening_.get(), nonce_.with_iv(iv), aad, sealed, plain);
  }

 private:
  CipherContext sealing_;
  CipherContext opening_;
  AeadNonce nonce_;
};

}  // namespace

std::unique_ptr<Aead> make_openssl_aead(const AeadKey& key) {
  return std::make_unique<OpensslAead>(key);
}

}  // namespace cuttle
