#include "crypto/secret.hh"

#include <openssl/crypto.h>

namespace cuttle {

void wipe(void* memory, size_t size) noexcept {
  OPENSSL_cleanse(memory, size);
}

bool equal_in_constant_time(const void* a, const void* b, size_t size) noexcept {
  return CRYPTO_memcmp(a, b, size) == 0;
}

}  // namespace cuttle
