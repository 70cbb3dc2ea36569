// Ed25519 against RFC 8032, section 7.1, and what verifies nothing.
#include "crypto/signature.hh"

#include <gtest/gtest.h>

#include "hex.hh"

namespace cuttle {
namespace {

struct Vector {
  const char* seed;
  const char* key;
  const char* message;
  const char* signature;
};
constexpr Vector kVectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a3"
                                "3bacc61e39701cf9b46bd25bf5f0595bbe246"
                                "55141438e7a100b"},
                               {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
                                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15"
                                "996e458f3613d0f11d8c387b2eaeb4302aeeb"
                                "00d291612bb0c00"}};

TEST(Signature, IsThatOfTheRfc) {
  for (const Vector& vector : kVectors) {
    std::array<uint8_t, kKeySize> seed{};
    const auto bytes = from_hex(vector.seed);
    std::copy(bytes.begin(), bytes.end(), seed.begin());
    const SigningKey key = SigningKey::from_random(seed);
    EXPECT_EQ(to_hex(key.verifying_key().bytes), vector.key);
    const Signature signature = key.sign(vector.message);
    EXPECT_EQ(to_hex(signature.bytes), vector.signature);
    EXPECT_TRUE(key.verifying_key().verifies(signature, vector.message));
    EXPECT_FALSE(key.verifying_key().verifies(signature, std::string(vector.message) + "x"));
  }
}

TEST(Signature, TextsComeBack) {
  const std::array<uint8_t, kKeySize> seed{1, 2, 3};
  const SigningKey key = SigningKey::from_random(seed);
  const auto again = SigningKey::parse(key.reveal_text().view());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verifying_key(), key.verifying_key());
  EXPECT_EQ(VerifyingKey::parse(key.verifying_key().to_string()), key.verifying_key());
  const Signature signature = key.sign("text");
  EXPECT_EQ(Signature::parse(signature.to_string()), signature);
  for (const char* bad : {"", "AAAA", "not base64 at all, though of just the length"}) {
    EXPECT_FALSE(VerifyingKey::parse(bad));
    EXPECT_FALSE(Signature::parse(bad));
    EXPECT_FALSE(SigningKey::parse(bad));
  }
}

// Another's key may be any 32 bytes.
TEST(Signature, NoPointVerifiesNothing) {
  const std::array<uint8_t, kKeySize> seed{1};
  const Signature signature = SigningKey::from_random(seed).sign("text");
  VerifyingKey key;
  key.bytes.fill(0xff);
  EXPECT_FALSE(key.verifies(signature, "text"));
  EXPECT_FALSE(VerifyingKey().verifies(signature, "text"));
}

}  // namespace
}  // namespace cuttle
