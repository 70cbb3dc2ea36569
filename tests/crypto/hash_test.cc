// BLAKE2s, its MAC, the key derivations and ChaCha20-Poly1305 against published vectors.
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "crypto/blake2s.hh"
#include "crypto/chacha20_poly1305.hh"
#include "crypto/hkdf.hh"
#include "crypto/key_schedule.hh"
#include "hex.hh"

namespace cuttle {
namespace {

// 0, 1, 2, ... 255, 0, ...: the key and message bytes of BLAKE2's own known answers.
std::vector<uint8_t> counting(size_t size) {
  std::vector<uint8_t> bytes(size);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  return bytes;
}
Secret<32> counting_key() {
  return Secret<32>(std::span<const uint8_t, 32>(counting(32)));
}

TEST(Blake2sTest, Rfc7693AppendixB) {
  EXPECT_EQ(to_hex(blake2s({as_bytes("abc")})),
            "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
  EXPECT_EQ(blake2s({as_bytes("a"), {}, as_bytes("bc")}), blake2s({as_bytes("abc")}));
  EXPECT_EQ(to_hex(blake2s({})), "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
}

TEST(Blake2sMacTest, AgreesWithTheReferenceCode) {
  // Computed with the reference code (as in Python's hashlib) over counting bytes.
  Blake2sMac mac(counting_key());
  const std::pair<size_t, const char*> vectors[] = {
      {0, "9536f9b267655743dee97b8a670f9f53"},   {1, "13bacfb85b48a1223c595f8c1e7e82cb"},
      {64, "f1efa90d2547036841ecd3627fafbc36"},  {65, "811ff8686d23a435ecbd0bdafcd27b1b"},
      {255, "cd075928ab7e6883e697fe7fd3ac43ee"}, {1440, "48e9fd37849336f1b4a973f20e8abaa7"}};
  for (const auto& [size, tag] : vectors) EXPECT_EQ(to_hex(mac.compute(counting(size))), tag) << size;
}

TEST(Blake2sMacTest, VerifiesTheRightTagOnly) {
  Blake2sMac mac(counting_key());
  const auto message = counting(100);
  const Blake2sTag tag = mac.compute(message);
  EXPECT_TRUE(mac.verify(message, tag));
  for (size_t bit = 0; bit < 8 * tag.size(); ++bit) {
    Blake2sTag changed = tag;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(mac.verify(message, changed));
  }
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    auto changed = message;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(mac.verify(changed, tag));
  }
  EXPECT_FALSE(mac.verify(message, Bytes(tag).first(15)));
  EXPECT_FALSE(mac.verify(message, {}));
  EXPECT_FALSE(Blake2sMac(Secret<32>()).verify(message, tag)) << "another key";
  Blake2sMac moved(std::move(mac));
  EXPECT_TRUE(moved.verify(message, tag));
}

TEST(HkdfTest, NoiseOutputs) {
  // The known answers of wireguard-go's device/kdf_test.go.
  const struct {
    const char *key, *input, *outputs[3];
  } vectors[] = {{"746573742d6b6579",
                  "746573742d696e707574",
                  {"6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
                   "df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
                   "fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24"}},
                 {"776972656775617264",
                  "776972656775617264",
                  {"491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
                   "1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
                   "31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160"}},
                 {"",
                  "",
                  {"8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
                   "58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
                   "0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e"}}};
  for (const auto& vector : vectors) {
    const auto key = from_hex(vector.key);
    const auto input = from_hex(vector.input);
    const auto three = noise_hkdf<3>(key, input);
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(to_hex(three[i].bytes()), vector.outputs[i]);
    const auto two = noise_hkdf<2>(key, input);
    for (size_t i = 0; i < 2; ++i) EXPECT_EQ(to_hex(two[i].bytes()), vector.outputs[i]);
    EXPECT_EQ(to_hex(noise_hkdf<1>(key, input)[0].bytes()), vector.outputs[0]);
  }
}

std::string expanded(std::string_view info, size_t size) {
  std::vector<uint8_t> out(size);
  hkdf_expand(counting_key(), as_bytes(info), out);
  return to_hex(out);
}

TEST(HkdfTest, Expand) {
  // Computed with Python's hmac and hashlib, by the formula of RFC 5869, section 2.3.
  EXPECT_EQ(expanded("", 0), "");
  EXPECT_EQ(expanded("", 10), "0eb5b63e94eb0ee56be6");
  const std::string hundred =
      "77e1c2c8d8e30c6947fd544b5bbcd7787601dce06674a3f48d5882459c8ae7d7"
      "f59ef1f7680b880759910840deb92f25d05f90fe737b267958343d566b5c417b"
      "da792060d61b6df1c9c9d8c16e9fed7f7632fdf73e8f38047dea3ec3324f9c2b8db76860";
  EXPECT_EQ(expanded("info", 100), hundred);
  EXPECT_EQ(expanded("info", 32), hundred.substr(0, 64));
  EXPECT_EQ(expanded("info", kHkdfMaxSize).size(), 2 * kHkdfMaxSize);
  EXPECT_DEATH(expanded("info", kHkdfMaxSize + 1), "HKDF");
}

TEST(KeyScheduleTest, KeysOfLanes) {
  const auto key_of = [](uint8_t lane) { return to_hex(derive_cell_key(counting_key(), lane).bytes); };
  EXPECT_EQ(key_of(0), "50fb6d53eb92499aa6551b70b1236e2db001f1b7f15a34666ccff962aa7c88003b92c39f");
  EXPECT_EQ(key_of(1), "07e6f6dff04e52d3436f1e53439e3e5e8e36c8ad9cf97b17e7f50de926f46994587cd399");
  EXPECT_EQ(key_of(255), "0190540e389fe45e5a83d19b73d26299fcb6b8440d6b0d291ff1d7ea5838f50062acef73");
}

TEST(ChachaTest, Rfc8439AppendixA5) {
  const Secret<32> key(
      array_from_hex<32>("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"));
  const uint64_t nonce = 0x0807060504030201;  // little-endian in the last eight bytes
  const auto aad = from_hex("f33388860000000000004e91");
  const std::string_view plain =
      "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, "
      "or "
      "obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference "
      "material or to cite them other than as /\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
  std::vector<uint8_t> sealed(plain.size() + kChachaTagSize);
  chacha_seal(key, nonce, aad, as_bytes(plain), sealed.data());
  EXPECT_EQ(to_hex(sealed),
            "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
            "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
            "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
            "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
            "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
            "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
            "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
            "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
            "a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38");
  std::vector<uint8_t> opened(plain.size());
  ASSERT_TRUE(chacha_open(key, nonce, aad, sealed, opened.data()));
  EXPECT_EQ(to_hex(opened), to_hex(as_bytes(plain)));
  for (size_t at : {size_t{0}, plain.size() - 1, plain.size(), sealed.size() - 1}) {
    auto changed = sealed;
    changed[at] ^= 0x80;
    EXPECT_FALSE(chacha_open(key, nonce, aad, changed, opened.data())) << at;
  }
  EXPECT_FALSE(chacha_open(key, nonce + 1, aad, sealed, opened.data()));
  EXPECT_FALSE(chacha_open(key, nonce, {}, sealed, opened.data()));
  EXPECT_FALSE(chacha_open(key, nonce, aad, Bytes(sealed).first(15), opened.data()));
}

}  // namespace
}  // namespace cuttle
