// After construction, sealing, opening and MACs allocate nothing. OpenSSL says so itself through its
// allocator hooks, which must be in place before it allocates at all: hence the static object. (ipsec-mb
// works on memory of the Aead only.)
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>

#include "crypto/aead.hh"
#include "crypto/blake2s.hh"

namespace cuttle {
namespace {

std::atomic<uint64_t> allocations{0};

void* counting_malloc(size_t size, const char*, int) {
  ++allocations;
  return std::malloc(size);
}
void* counting_realloc(void* memory, size_t size, const char*, int) {
  ++allocations;
  return std::realloc(memory, size);
}
void plain_free(void* memory, const char*, int) {
  std::free(memory);
}

const int hooks_in_place = CRYPTO_set_mem_functions(counting_malloc, counting_realloc, plain_free);

TEST(AllocationTest, SealingAndOpeningAllocateNothing) {
  ASSERT_EQ(hooks_in_place, 1);
  const auto aead = make_aead(AeadBackend::openssl, AeadKey()).value();
  std::array<uint8_t, 1440> plain{};
  std::array<uint8_t, 1456> sealed;
  const uint64_t before = allocations;
  ASSERT_GT(before, 0u) << "the hooks do not count";
  for (uint64_t iv = 1; iv <= 100; ++iv) {
    aead->seal(iv, Bytes(plain).first(8), plain, sealed.data());
    ASSERT_TRUE(aead->open(iv, Bytes(plain).first(8), sealed, sealed.data()));
    ASSERT_FALSE(aead->open(iv, Bytes(plain).first(8), sealed, sealed.data()));
  }
  EXPECT_EQ(allocations, before);
}

TEST(AllocationTest, MacsAllocateNothing) {
  Blake2sMac mac{Secret<32>()};
  const std::array<uint8_t, 1440> message{};
  const uint64_t before = allocations;
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(mac.verify(message, Bytes(message).first(16)));
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace cuttle
