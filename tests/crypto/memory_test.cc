// What the crypto does with memory: after construction, sealing, opening and MACs allocate nothing; after
// destruction no key is left. OpenSSL is watched through its allocator hooks, which must be in place before
// it allocates at all: hence the static object. (ipsec-mb works on memory of the Aead only.)
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "crypto/aead.hh"
#include "crypto/blake2s.hh"

namespace cuttle {
namespace {

std::atomic<uint64_t> allocations{0};

// Key expansion keeps the key itself as its first words, in both backends.
AeadKey watched_key() {
  AeadKey key;
  for (size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<uint8_t>(0x9b * i + 0x35);
  return key;
}
bool holds_watched_key(const void* memory, size_t size) {
  static const AeadKey key = watched_key();
  const auto* at = static_cast<const uint8_t*>(memory);
  return std::search(at, at + size, key.key(), key.key() + kAeadKeySize) != at + size;
}
std::atomic<uint64_t> freed_with_key{0};
// What OpenSSL allocated while somebody follows it: one test, on one thread. Others allocate on many, and
// some of it is freed when this program's own objects are gone.
std::atomic<bool> following{false};
std::vector<void*> openssl_memory;

void* counting_malloc(size_t size, const char*, int) {
  ++allocations;
  void* memory = std::malloc(size);
  if (following) openssl_memory.push_back(memory);
  return memory;
}
void* counting_realloc(void* memory, size_t size, const char*, int) {
  ++allocations;
  void* moved = std::realloc(memory, size);
  if (following) std::replace(openssl_memory.begin(), openssl_memory.end(), memory, moved);
  return moved;
}
void watching_free(void* memory, const char*, int) {
  if (memory != nullptr && holds_watched_key(memory, malloc_usable_size(memory))) ++freed_with_key;
  if (following) std::erase(openssl_memory, memory);
  std::free(memory);
}

const int hooks_in_place = CRYPTO_set_mem_functions(counting_malloc, counting_realloc, watching_free);

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

// Of OpenSSL's own memory: the key is there while it is in use, and gone before any of it is freed.
TEST(KeysInMemoryTest, OpensslFreesNoKey) {
  following = true;
  auto aead = make_aead(AeadBackend::openssl, watched_key()).value();
  const auto holding = std::count_if(openssl_memory.begin(), openssl_memory.end(), [](void* memory) {
    return holds_watched_key(memory, malloc_usable_size(memory));
  });
  ASSERT_GT(holding, 0) << "the search does not find a key in use";
  aead.reset();
  following = false;
  EXPECT_EQ(freed_with_key, 0u);
}

TEST(KeysInMemoryTest, IpsecMbWipesItsOwnMemory) {
  if (!aead_backend_available(AeadBackend::ipsec_mb)) GTEST_SKIP() << "no ipsec-mb here";
  Aead* aead = make_aead(AeadBackend::ipsec_mb, watched_key()).value().release();
  void* memory = dynamic_cast<void*>(aead);
  const size_t size = malloc_usable_size(memory);
  ASSERT_TRUE(holds_watched_key(memory, size)) << "the search does not find a key in use";
  aead->~Aead();
  EXPECT_FALSE(holds_watched_key(memory, size));
  // Only the class itself knows how it was allocated.
  static void* kept = nullptr;
  kept = memory;
  EXPECT_NE(kept, nullptr);
}

}  // namespace
}  // namespace cuttle
