#include "crypto/aead.hh"

#include "crypto/aead_backends.hh"

namespace cuttle {

const char* aead_backend_name(AeadBackend backend) {
  return backend == AeadBackend::ipsec_mb ? "ipsec-mb" : "openssl";
}

#ifdef CUTTLE_HAVE_IPSEC_MB

bool aead_backend_available(AeadBackend backend) {
  return backend == AeadBackend::openssl || ipsec_mb_usable();
}

Result<std::unique_ptr<Aead>> make_aead(AeadBackend backend, const AeadKey& key) {
  if (backend == AeadBackend::openssl) return make_openssl_aead(key);
  if (ipsec_mb_usable()) return make_ipsec_mb_aead(key);
  return failure("AES-GCM backend ipsec-mb: this CPU lacks the AES instructions it needs; use openssl");
}

#else

bool aead_backend_available(AeadBackend backend) {
  return backend == AeadBackend::openssl;
}

Result<std::unique_ptr<Aead>> make_aead(AeadBackend backend, const AeadKey& key) {
  if (backend == AeadBackend::openssl) return make_openssl_aead(key);
  return failure(
      "AES-GCM backend ipsec-mb: not in this build (x86-64 with libipsec-mb-dev only); use openssl");
}

#endif

AeadBackend best_aead_backend() {
  return aead_backend_available(AeadBackend::ipsec_mb) ? AeadBackend::ipsec_mb : AeadBackend::openssl;
}

}  // namespace cuttle
