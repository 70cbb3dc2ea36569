// What leaves in a bundle has no keys in it.
#include "doctor/redact.hh"

#include <gmock/gmock.h>

#include "crypto/keys.hh"

namespace cuttle::doctor {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string key_of(uint8_t first) {
  std::array<uint8_t, kKeySize> bytes{};
  bytes[0] = first;
  bytes[31] = 0x7b;
  return std::string(PrivateKey::from_random(bytes).reveal_text().view());
}

TEST(Redact, AKeyInEveryPlaceOfALine) {
  const std::string key = key_of(8);
  ASSERT_EQ(key.size(), 44u);
  for (const std::string before : {"", "key=", "public_key = \"", "x", "/etc/cuttle/", "a b "}) {
    for (const char* after : {"", "\"", "\n", " ", "=", "x"}) {
      const std::string clean = without_keys(before + key + after);
      EXPECT_THAT(clean, Not(HasSubstr(key.substr(0, 20)))) << before << "KEY" << after;
      EXPECT_THAT(clean, HasSubstr("[key "));
      EXPECT_TRUE(clean.starts_with(before) && clean.ends_with(after)) << clean;
    }
  }
}

TEST(Redact, AKeyInHexadecimal) {
  const std::string hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
  EXPECT_THAT(without_keys("psk " + hex + "\n"), MatchesRegex("psk \\[key [0-9a-f]{8}\\]\n"));
  EXPECT_THAT(without_keys(hex + hex), Not(HasSubstr("0011")));
}

// Of 32 bytes, and of Ceph's 28; without the padding, in the other alphabet, in a path, behind a mark.
TEST(Redact, AKeyInOtherForms) {
  const std::string plain = "wOX2owCSrydSOhr66QVCw/Q8tpVatM6Vi+UAX5j4U3A";
  const std::string other = "wOX2owCSrydSOhr66QVCw_Q8tpVatM6Vi-UAX5j4U3A";
  const std::string ceph = "AQBvYwRlN3JxNBAAbSJ2x4UoZ5eL8nTtGk9kQg==";
  const std::string hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
  for (const std::string& key : {plain, other, other + "=", ceph, "0x" + hex, "psk_" + hex}) {
    for (const std::string before : {"", "key = ", "\"", "--psk=", "/run/"}) {
      for (const char* after : {"", "\"", "\n", " --verbose", ","}) {
        const std::string clean = without_keys(before + key + after);
        EXPECT_THAT(clean, Not(HasSubstr(key.substr(8, 8)))) << before << key << after;
        EXPECT_THAT(clean, HasSubstr("[key "));
        EXPECT_TRUE(clean.ends_with(after)) << clean;
      }
    }
  }
}

TEST(Redact, EqualKeysHaveEqualWordsAndOthersHaveNot) {
  EXPECT_EQ(without_keys(key_of(8)), without_keys(key_of(8)));
  EXPECT_NE(without_keys(key_of(8)), without_keys(key_of(16)));
}

TEST(Redact, EverythingElseStays) {
  for (const char* text :
       {"", "=", "rate = \"200 Mb/s\"\n", "/usr/lib/systemd/system/cuttle@.service",
        "inet6 fd99::1/64 scope global\n", "MACs 02:42:ac:11:00:02 and a checksum 0x00112233",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",  // 63 digits
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop=", "\xff\xfe\x80",
        "/usr/lib/x86_64-linux-gnu/NetworkManager/1.42.4/libnm-device-plugin-bluetooth.so",
        "CUTTLE_HANDSHAKE_COOKIE_INSTEAD_OF_AN_ANSWER_LIMIT=5",
        "/sys/devices/pci0000:00/0000:00:1f.6/net/enp0s31f6/statistics/rx_dropped",
        "id 550e8400-e29b-41d4-a716-446655440000 at 7478ef5b8c1f0d2e3a4b5c6d7e8f901234567890"}) {
    EXPECT_EQ(without_keys(text), text);
  }
}

}  // namespace
}  // namespace cuttle::doctor
