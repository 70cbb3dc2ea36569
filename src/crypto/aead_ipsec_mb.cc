// AES-256-GCM by intel-ipsec-mb's direct interface: one call seals or opens, no jobs, no queue.
#include <intel-ipsec-mb.h>

#include "crypto/aead_backends.hh"

namespace cuttle {

namespace {

// The direct calls only read the manager (a table of functions for this CPU), so that all threads share one.
// It lives as long as the process: an Aead may outlive static destruction.
IMB_MGR* shared_manager() {
  static IMB_MGR* const manager = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    if (made == nullptr) return made;
    IMB_ARCH chosen = IMB_ARCH_NONE;
    init_mb_mgr_auto(made, &chosen);
    if (imb_get_errno(made) == 0 && chosen >= IMB_ARCH_SSE) return made;
    free_mb_mgr(made);  // without AES instructions it only emulates them, slower than OpenSSL
    return static_cast<IMB_MGR*>(nullptr);
  }();
  return manager;
}

class IpsecMbAead final : public Aead {
 public:
  explicit IpsecMbAead(const AeadKey& key) : manager_(shared_manager()), nonce_(key) {
    IMB_AES256_GCM_PRE(manager_, key.key(), &schedule_);
  }
  ~IpsecMbAead() override {
    wipe(&schedule_, sizeof schedule_);
    wipe(&context_, sizeof context_);
  }
  IpsecMbAead(const IpsecMbAead&) = delete;
  IpsecMbAead& operator=(const IpsecMbAead&) = delete;

  void seal(uint64_t iv, Bytes aad, Bytes plain, uint8_t* out) noexcept override {
    IMB_AES256_GCM_ENC(manager_, &schedule_, &context_, out, plain.data(), plain.size(), nonce_.with_iv(iv),
                       aad.data(), aad.size(), out + plain.size(), kAeadTagSize);
  }

  bool open(uint64_t iv, Bytes aad, Bytes sealed, uint8_t* plain) noexcept override {
    if (sealed.size() < kAeadTagSize) return false;
    const size_t size = sealed.size() - kAeadTagSize;
    uint8_t tag[kAeadTagSize] = {};
    IMB_AES256_GCM_DEC(manager_, &schedule_, &context_, plain, sealed.data(), size, nonce_.with_iv(iv),
                       aad.data(), aad.size(), tag, kAeadTagSize);
    return equal_in_constant_time(tag, sealed.data() + size, kAeadTagSize);
  }

 private:
  IMB_MGR* manager_;
  gcm_key_data schedule_{};
  gcm_context_data context_{};
  AeadNonce nonce_;
};

}  // namespace

bool ipsec_mb_usable() {
  return shared_manager() != nullptr;
}

std::unique_ptr<Aead> make_ipsec_mb_aead(const AeadKey& key) {
  return std::make_unique<IpsecMbAead>(key);
}

}  // namespace cuttle
