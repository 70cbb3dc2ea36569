#include "crypto/keys.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/base64.hh"
#include "hex.hh"

namespace cuttle {
namespace {

using testing::HasSubstr;
using testing::Not;

// RFC 7748, section 6.1.
const char* const kAlicePrivate = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const char* const kAlicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
const char* const kBobPrivate = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
const char* const kBobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
const char* const kShared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

PrivateKey private_key(std::string_view hex) {
  return PrivateKey::from_random(array_from_hex<kKeySize>(hex));
}
PublicKey public_key(std::string_view hex) {
  return PublicKey{array_from_hex<kKeySize>(hex)};
}

const char* const kTextZeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

TEST(Base64Test, Rfc4648Vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    std::string encoded(base64_size(std::strlen(plain)), '?');
    base64_encode(as_bytes(plain), encoded.data());
    EXPECT_EQ(encoded, text);
    std::vector<uint8_t> decoded(std::strlen(plain));
    EXPECT_TRUE(base64_decode(text, decoded)) << text;
    EXPECT_EQ(to_hex(decoded), to_hex(as_bytes(plain)));
  }
}

TEST(Base64Test, EveryCharacterHasItsOwnValueAndNoOtherIsAccepted) {
  const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int character = 0; character < 256; ++character) {
    const std::string text = {'A', 'A', 'A', static_cast<char>(character)};
    uint8_t decoded[3];
    const size_t value = alphabet.find(static_cast<char>(character));
    ASSERT_EQ(base64_decode(text, decoded), value != std::string_view::npos) << character;
    if (value != std::string_view::npos) {
      EXPECT_EQ(decoded[2], value);
      std::string encoded(4, '?');
      base64_encode(decoded, encoded.data());
      EXPECT_EQ(encoded, text);
    }
  }
}

RC_GTEST_PROP(Base64Test, RoundTrip, (const std::vector<uint8_t>& bytes)) {
  std::string text(base64_size(bytes.size()), '?');
  base64_encode(bytes, text.data());
  std::vector<uint8_t> decoded(bytes.size());
  RC_ASSERT(base64_decode(text, decoded));
  RC_ASSERT(decoded == bytes);
}

TEST(KeysTest, DerivesPublicKeys) {
  EXPECT_EQ(private_key(kAlicePrivate).public_key(), public_key(kAlicePublic));
  EXPECT_EQ(private_key(kBobPrivate).public_key(), public_key(kBobPublic));
}

TEST(KeysTest, BothSidesShareASecret) {
  const auto one = x25519(private_key(kAlicePrivate), public_key(kBobPublic));
  const auto other = x25519(private_key(kBobPrivate), public_key(kAlicePublic));
  ASSERT_TRUE(one && other);
  EXPECT_EQ(to_hex(one->bytes()), kShared);
  EXPECT_EQ(to_hex(other->bytes()), kShared);
}

TEST(KeysTest, PointsOfLowOrderAreRefused) {
  // RFC 7748 leaves the check to the protocol (section 6.1); the points are those of order 1, 2, 4 and 8, and
  // their spellings above the prime.
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
    EXPECT_FALSE(x25519(private_key(kAlicePrivate), public_key(point))) << point;
}

TEST(KeysTest, PrivateKeysAreClamped) {
  std::array<uint8_t, kKeySize> ones;
  ones.fill(0xff);
  const auto key = PrivateKey::from_random(ones);
  EXPECT_EQ(key.bytes()[0], 0xf8);
  EXPECT_EQ(key.bytes()[31], 0x7f);
  EXPECT_EQ(PrivateKey::from_random(std::array<uint8_t, kKeySize>{}).bytes()[31], 0x40);
  EXPECT_EQ(PrivateKey::parse("//////////////////////////////////////////8=").value(), key);
}

TEST(KeysTest, TextRoundTrip) {
  const auto key = private_key(kBobPrivate);
  const SecretText text = key.reveal_text();
  EXPECT_EQ(text.view().size(), kKeyTextSize);
  EXPECT_EQ(PrivateKey::parse(text.view()).value(), key);
  EXPECT_EQ(PublicKey::parse(key.public_key().to_string()).value(), key.public_key());
  EXPECT_EQ(key.public_key().to_string(), "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=");
  const auto preshared = PresharedKey::from_random(array_from_hex<kKeySize>(kShared));
  EXPECT_EQ(PresharedKey::parse(preshared.reveal_text().view()).value(), preshared);
  EXPECT_NE(preshared, PresharedKey());
  EXPECT_EQ(PresharedKey::parse(kTextZeros).value(), PresharedKey()) << "all zeros stands for none";
}

TEST(KeysTest, BadTextsAreRefused) {
  const std::string good = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
  ASSERT_TRUE(PublicKey::parse(good));
  std::vector<std::string> bad = {
      "",
      "=",
      good.substr(0, 43),                              // padding left off
      good + "=",                                      //
      good + "\n",                                     // what `$(cat)` would have stripped
      " " + good.substr(0, 43),                        //
      good.substr(0, 42) + "==",                       // 31 bytes
      good.substr(0, 43) + "A",                        // 33 bytes
      good.substr(0, 42) + "9=",                       // unused bits set: a second spelling of the same key
      "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx_FG-IK08=",  // the alphabet for URLs
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",  // hexadecimal
  };
  for (size_t i = 0; i < 43; ++i)
    for (const char wrong : {'=', ' ', '-', '_', '\0', '\x80', '.', ':', '@', '[', '`', '{'}) {
      bad.push_back(good);
      bad.back()[i] = wrong;
    }
  for (const std::string& text : bad) {
    EXPECT_FALSE(PublicKey::parse(text)) << text;
    EXPECT_FALSE(PrivateKey::parse(text)) << text;
    EXPECT_FALSE(PresharedKey::parse(text)) << text;
  }
  EXPECT_FALSE(PublicKey::parse(kTextZeros));
  EXPECT_FALSE(PrivateKey::parse(kTextZeros));
}

TEST(KeysTest, ErrorsSayWhatIsWrongAndKeepSecrets) {
  const std::string almost = "WGZcKvT9mYQ0yJX1rSgM2HqLdBnPu3eR5aViOkUtNw8";
  const auto error = PrivateKey::parse(almost).error().message;
  EXPECT_THAT(error, HasSubstr("private key"));
  EXPECT_THAT(error, HasSubstr("43 characters"));
  EXPECT_THAT(error, Not(HasSubstr(almost.substr(0, 4))));
  EXPECT_THAT(PresharedKey::parse(almost + "!").error().message, Not(HasSubstr(almost.substr(0, 4))));
}

TEST(KeysTest, PublicKeysAreOrderedByTheirBytes) {
  PublicKey low, high;
  low.bytes[31] = 0xff;
  high.bytes[0] = 0x80;
  EXPECT_LT(low, high);
}

TEST(SecretTest, IsWipedOnDestruction) {
  alignas(Secret<kKeySize>) uint8_t memory[sizeof(Secret<kKeySize>)];
  auto* secret = new (memory) Secret<kKeySize>(array_from_hex<kKeySize>(kShared));
  EXPECT_EQ(to_hex(memory), kShared);
  secret->~Secret();
  EXPECT_EQ(to_hex(memory), std::string(2 * kKeySize, '0'));
}

}  // namespace
}  // namespace cuttle
