// AES-256-GCM: published vectors, tampering, and the two backends against each other.
#include "crypto/aead.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <thread>

#include "base/random.hh"
#include "hex.hh"

namespace cuttle {
namespace {

AeadKey key_from_hex(std::string_view key, std::string_view salt) {
  AeadKey result;
  const auto key_bytes = array_from_hex<kAeadKeySize>(key);
  const auto salt_bytes = array_from_hex<kAeadSaltSize>(salt);
  std::copy(key_bytes.begin(), key_bytes.end(), result.bytes.begin());
  std::copy(salt_bytes.begin(), salt_bytes.end(), result.bytes.begin() + kAeadKeySize);
  return result;
}

AeadKey random_key(Random& random) {
  AeadKey key;
  for (auto& byte : key.bytes) byte = static_cast<uint8_t>(random.next());
  return key;
}

std::vector<uint8_t> random_bytes(Random& random, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random.next());
  return bytes;
}

std::vector<uint8_t> seal(Aead& aead, uint64_t iv, Bytes aad, Bytes plain) {
  std::vector<uint8_t> sealed(plain.size() + kAeadTagSize);
  aead.seal(iv, aad, plain, sealed.data());
  return sealed;
}

struct Vector {
  const char* name;
  const char* key;
  const char* salt;
  uint64_t iv;
  const char* aad;
  const char* plain;
  const char* sealed;
};

// Test cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation" (submitted to NIST, 2005),
// and the AES-256 case of draft-mcgrew-gcm-test-01, section 4, an ESP packet as RFC 4106 seals it.
const char* const kKey15 = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const char* const kPlain16 =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const Vector kVectors[] = {
    {"case 13", "0000000000000000000000000000000000000000000000000000000000000000", "00000000", 0, "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"case 14", "0000000000000000000000000000000000000000000000000000000000000000", "00000000", 0, "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"},
    {"case 15", kKey15, "cafebabe", 0xfacedbaddecaf888, "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad b094dac5d93471bdec1a502270e3cc6c"},
    {"case 16", kKey15, "cafebabe", 0xfacedbaddecaf888, "feedfacedeadbeeffeedfacedeadbeefabaddad2", kPlain16,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b"},
    {"ESP", "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "11223344",
     0x0102030405060708, "4a2cbfe300000002",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
     "7002400020bf0000020405b40101040201020201",
     "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
     "748a637985771d347f0545659f14e99def842d8e b335f4eecfdbf831824b4c4915956c96"},
};

class AeadTest : public testing::TestWithParam<AeadBackend> {
 protected:
  void SetUp() override {
    if (!aead_backend_available(GetParam())) GTEST_SKIP() << "not in this build or not on this CPU";
  }
  std::unique_ptr<Aead> make(const AeadKey& key) { return make_aead(GetParam(), key).value(); }
};

INSTANTIATE_TEST_SUITE_P(Backends, AeadTest, testing::Values(AeadBackend::ipsec_mb, AeadBackend::openssl),
                         [](const auto& backend) {
                           return backend.param == AeadBackend::openssl ? "openssl" : "ipsec_mb";
                         });

TEST_P(AeadTest, SealsPublishedVectors) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.name);
    const auto aead = make(key_from_hex(vector.key, vector.salt));
    EXPECT_EQ(to_hex(seal(*aead, vector.iv, from_hex(vector.aad), from_hex(vector.plain))),
              to_hex(from_hex(vector.sealed)));
  }
}

TEST_P(AeadTest, OpensPublishedVectors) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.name);
    const auto aead = make(key_from_hex(vector.key, vector.salt));
    const auto sealed = from_hex(vector.sealed);
    std::vector<uint8_t> plain(sealed.size() - kAeadTagSize);
    ASSERT_TRUE(aead->open(vector.iv, from_hex(vector.aad), sealed, plain.data()));
    EXPECT_EQ(to_hex(plain), to_hex(from_hex(vector.plain)));
  }
}

TEST_P(AeadTest, WorksInPlaceAtTheSizeOfACell) {
  Random random(1);
  const auto aead = make(random_key(random));
  const auto aad = random_bytes(random, 8);
  const auto plain = random_bytes(random, 1440);
  auto buffer = plain;
  buffer.resize(plain.size() + kAeadTagSize);
  aead->seal(7, aad, Bytes(buffer).first(plain.size()), buffer.data());
  EXPECT_EQ(buffer, seal(*aead, 7, aad, plain));
  ASSERT_TRUE(aead->open(7, aad, buffer, buffer.data()));
  buffer.resize(plain.size());
  EXPECT_EQ(buffer, plain);
}

TEST_P(AeadTest, OneChangedBitAnywhereFails) {
  Random random(2);
  const auto key = random_key(random);
  const auto aead = make(key);
  const auto aad = random_bytes(random, 8);
  const auto sealed = seal(*aead, 9, aad, random_bytes(random, 100));
  std::vector<uint8_t> plain(100);
  ASSERT_TRUE(aead->open(9, aad, sealed, plain.data()));
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {  // ciphertext, then tag
    auto changed = sealed;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(aead->open(9, aad, changed, plain.data())) << "sealed bit " << bit;
  }
  for (size_t bit = 0; bit < aad.size() * 8; ++bit) {
    auto changed = aad;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(aead->open(9, changed, sealed, plain.data())) << "aad bit " << bit;
  }
  for (int bit = 0; bit < 64; ++bit)
    EXPECT_FALSE(aead->open(9 ^ (uint64_t{1} << bit), aad, sealed, plain.data())) << "iv bit " << bit;
  for (size_t bit = 0; bit < key.bytes.size() * 8; ++bit) {  // key, then salt
    AeadKey changed = key;
    changed.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(make(changed)->open(9, aad, sealed, plain.data())) << "key bit " << bit;
  }
  EXPECT_TRUE(aead->open(9, aad, sealed, plain.data())) << "a failure must leave nothing behind";
}

TEST_P(AeadTest, EveryOtherLengthFails) {
  Random random(3);
  const auto aead = make(random_key(random));
  const auto sealed = seal(*aead, 1, {}, random_bytes(random, 40));
  std::vector<uint8_t> plain(100);
  for (size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(aead->open(1, {}, Bytes(sealed).first(size), plain.data())) << size;
  auto longer = sealed;
  longer.push_back(0);
  EXPECT_FALSE(aead->open(1, {}, longer, plain.data()));
}

TEST_P(AeadTest, ThreadsWithObjectsOfTheirOwnDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (uint64_t seed = 1; seed <= 4; ++seed)
    threads.emplace_back([this, seed, &wrong] {
      Random random(seed);
      const auto aead = make(random_key(random));
      const auto plain = random_bytes(random, 1440);
      const auto expected = seal(*aead, 1, {}, plain);
      std::vector<uint8_t> opened(plain.size());
      for (int i = 0; i < 2000; ++i) {
        if (seal(*aead, 1, {}, plain) != expected) ++wrong;
        if (!aead->open(1, {}, expected, opened.data()) || opened != plain) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

RC_GTEST_PROP(AeadBackendsTest, AgreeOnEverySize, ()) {
  if (!aead_backend_available(AeadBackend::ipsec_mb)) return;
  Random random(*rc::gen::arbitrary<uint64_t>());
  const auto key = random_key(random);
  const auto fast = make_aead(AeadBackend::ipsec_mb, key).value();
  const auto reference = make_aead(AeadBackend::openssl, key).value();
  for (int i = 0; i < 20; ++i) {  // many calls on one object: nothing of one call may leak into the next
    const auto aad = random_bytes(random, random.below(64));
    const auto plain = random_bytes(random, random.below(i == 0 ? 9100 : 600));
    const uint64_t iv = random.next();
    const auto sealed = seal(*fast, iv, aad, plain);
    RC_ASSERT(to_hex(sealed) == to_hex(seal(*reference, iv, aad, plain)));
    std::vector<uint8_t> opened(plain.size());
    RC_ASSERT(fast->open(iv, aad, sealed, opened.data()));
    RC_ASSERT(opened == plain);
    std::fill(opened.begin(), opened.end(), uint8_t{0});
    RC_ASSERT(reference->open(iv, aad, sealed, opened.data()));
    RC_ASSERT(opened == plain);
    auto changed = sealed;
    changed[random.below(changed.size())] ^= static_cast<uint8_t>(1 + random.below(255));
    RC_ASSERT(!fast->open(iv, aad, changed, opened.data()));
    RC_ASSERT(!reference->open(iv, aad, changed, opened.data()));
  }
}

TEST(AeadBackendsTest, BestOneIsAvailable) {
  EXPECT_TRUE(aead_backend_available(best_aead_backend()));
}

}  // namespace
}  // namespace cuttle
