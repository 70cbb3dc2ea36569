#include "crypto/noise.hh"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/random.hh"
#include "crypto/chacha20_poly1305.hh"
#include "hex.hh"

namespace cuttle {
namespace {

using Json = nlohmann::json;

PrivateKey private_key(const Json& hex) {
  return PrivateKey::from_random(array_from_hex<kKeySize>(hex.get<std::string>()));
}
PresharedKey preshared_key(const Json& hex) {
  return PresharedKey::from_random(array_from_hex<kKeySize>(hex.get<std::string>()));
}
std::vector<uint8_t> bytes_of(const Json& hex) {
  return from_hex(hex.get<std::string>());
}

Json vectors() {
  std::ifstream file(CUTTLE_TEST_DATA "/noise_ikpsk2_vectors.json");
  return Json::parse(file).at("vectors");
}

// One handshake message of the vectors: written as published, and read back.
void pass(NoiseHandshake& from, NoiseHandshake& to, const Json& message) {
  const auto payload = bytes_of(message.at("payload"));
  std::vector<uint8_t> written(NoiseHandshake::kMaxMessageSize);
  const auto size = from.write_message(payload, written);
  ASSERT_TRUE(size);
  written.resize(*size);
  EXPECT_EQ(to_hex(written), message.at("ciphertext").get<std::string>());
  std::vector<uint8_t> read(payload.size());
  EXPECT_EQ(to.read_message(written, read), payload.size());
  EXPECT_EQ(to_hex(read), to_hex(payload));
}

// A transport message of the vectors, the `nonce`-th under this secret.
void pass_transport(const Secret<32>& sealing, const Secret<32>& opening, uint64_t nonce,
                    const Json& message) {
  const auto payload = bytes_of(message.at("payload"));
  std::vector<uint8_t> sealed(payload.size() + kChachaTagSize);
  chacha_seal(sealing, nonce, {}, payload, sealed.data());
  EXPECT_EQ(to_hex(sealed), message.at("ciphertext").get<std::string>());
  std::vector<uint8_t> opened(payload.size());
  EXPECT_TRUE(chacha_open(opening, nonce, {}, sealed, opened.data()));
  EXPECT_EQ(to_hex(opened), to_hex(payload));
}

TEST(NoiseResponse, IsReadWithWhicheverKeyItWasMade) {
  const auto key = [](uint8_t byte) {
    std::array<uint8_t, kKeySize> bytes;
    bytes.fill(byte);
    return bytes;
  };
  const auto own = [&](uint8_t byte) { return PrivateKey::from_random(key(byte)); };
  const std::vector<PresharedKey> known{PresharedKey::from_random(key(7)), PresharedKey(),
                                        PresharedKey::from_random(key(8))};
  for (size_t used = 0; used <= known.size(); ++used) {
    SCOPED_TRACE(used);
    NoiseHandshake asking =
        NoiseHandshake::initiator(own(1), own(2).public_key(), PresharedKey(), Bytes(), own(3));
    NoiseHandshake answering = NoiseHandshake::responder(own(2), Bytes(), own(4));
    uint8_t message[NoiseHandshake::kMessage1Overhead + 4] = {};
    uint8_t payload[4] = {1, 2, 3, 4};
    ASSERT_TRUE(asking.write_message(payload, message));
    ASSERT_TRUE(answering.read_message(message, payload));
    answering.set_preshared_key(used < known.size() ? known[used] : PresharedKey::from_random(key(9)));
    const auto size = answering.write_message(payload, message);
    ASSERT_TRUE(size);
    const auto with = asking.read_response(Bytes(message).first(*size), payload, known);
    if (used == known.size()) {
      EXPECT_FALSE(with);
      EXPECT_FALSE(asking.finished()) << "another answer may be read";
      continue;
    }
    EXPECT_EQ(with, used);
    EXPECT_EQ(asking.exported_key(), answering.exported_key());
    EXPECT_EQ(asking.split().initiator_to_responder, answering.split().initiator_to_responder);
    EXPECT_NE(asking.exported_key(), asking.split().initiator_to_responder);
    EXPECT_NE(asking.exported_key(), asking.split().responder_to_initiator);
  }
}

TEST(NoiseVectorsTest, EveryMessageAsPublished) {
  size_t run = 0;
  for (const Json& vector : vectors()) {
    ASSERT_EQ(vector.at("protocol_name"), "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s");
    const auto remote =
        PublicKey{array_from_hex<kKeySize>(vector.at("init_remote_static").get<std::string>())};
    auto initiator = NoiseHandshake::initiator(
        private_key(vector.at("init_static")), remote, preshared_key(vector.at("init_psks").at(0)),
        bytes_of(vector.at("init_prologue")), private_key(vector.at("init_ephemeral")));
    auto responder =
        NoiseHandshake::responder(private_key(vector.at("resp_static")), bytes_of(vector.at("resp_prologue")),
                                  private_key(vector.at("resp_ephemeral")));
    const Json& messages = vector.at("messages");
    ASSERT_EQ(messages.size(), 6u);
    pass(initiator, responder, messages[0]);
    EXPECT_EQ(responder.remote_static(), private_key(vector.at("init_static")).public_key());
    responder.set_preshared_key(preshared_key(vector.at("resp_psks").at(0)));
    pass(responder, initiator, messages[1]);
    ASSERT_TRUE(initiator.finished() && responder.finished());
    EXPECT_EQ(to_hex(initiator.handshake_hash()), vector.at("handshake_hash").get<std::string>());
    EXPECT_EQ(to_hex(responder.handshake_hash()), vector.at("handshake_hash").get<std::string>());
    const NoiseSecrets at_initiator = initiator.split();
    const NoiseSecrets at_responder = responder.split();
    for (size_t i = 2; i < messages.size(); ++i) {
      const auto direction =
          i % 2 == 0 ? &NoiseSecrets::initiator_to_responder : &NoiseSecrets::responder_to_initiator;
      const auto& sender = i % 2 == 0 ? at_initiator : at_responder;
      const auto& receiver = i % 2 == 0 ? at_responder : at_initiator;
      pass_transport(sender.*direction, receiver.*direction, i / 2 - 1, messages[i]);
    }
    ++run;
  }
  EXPECT_EQ(run, 1u);
}

class NoiseTest : public testing::Test {
 protected:
  PrivateKey random_key() {
    std::array<uint8_t, kKeySize> bytes;
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random_.next());
    return PrivateKey::from_random(bytes);
  }
  static std::vector<uint8_t> write(NoiseHandshake& from, std::string_view payload) {
    std::vector<uint8_t> message(payload.size() + NoiseHandshake::kMessage1Overhead);
    const auto size = from.write_message(as_bytes(payload), message);
    EXPECT_TRUE(size);
    message.resize(size.value_or(0));
    return message;
  }
  bool read(NoiseHandshake& to, Bytes message) { return to.read_message(message, payload_).has_value(); }
  NoiseHandshake make_initiator(std::string_view prologue = "v1") {
    return NoiseHandshake::initiator(alice_, bob_.public_key(), psk_, as_bytes(prologue), random_key());
  }
  NoiseHandshake make_responder(std::string_view prologue = "v1") {
    return NoiseHandshake::responder(bob_, as_bytes(prologue), random_key());
  }

  Random random_{42};
  PrivateKey alice_ = random_key();
  PrivateKey bob_ = random_key();
  PresharedKey psk_ = PresharedKey::from_random(random_key().bytes());
  std::array<uint8_t, 200> payload_{};
};

TEST_F(NoiseTest, SizesAreStatic) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  const auto first = write(initiator, "");
  EXPECT_EQ(first.size(), NoiseHandshake::kMessage1Overhead);
  ASSERT_TRUE(read(responder, first));
  responder.set_preshared_key(psk_);
  const auto second = write(responder, "");
  EXPECT_EQ(second.size(), NoiseHandshake::kMessage2Overhead);
  ASSERT_TRUE(read(initiator, second));
  EXPECT_EQ(initiator.split().initiator_to_responder, responder.split().initiator_to_responder);
  EXPECT_EQ(initiator.split().responder_to_initiator, responder.split().responder_to_initiator);
  EXPECT_FALSE(initiator.split().initiator_to_responder == initiator.split().responder_to_initiator);
  EXPECT_EQ(initiator.handshake_hash(), responder.handshake_hash());
}

TEST_F(NoiseTest, AnyChangedBitOfMessage1FailsAndTheTrueOneStillWorks) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  const auto message = write(initiator, "who speaks");
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    // An X25519 public key's top bit is ignored by the curve (RFC 7748, section 5), but it is hashed here.
    auto changed = message;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ASSERT_FALSE(read(responder, changed)) << "bit " << bit;
  }
  EXPECT_TRUE(read(responder, message));
  EXPECT_EQ(responder.remote_static(), alice_.public_key());
}

TEST_F(NoiseTest, AnyChangedBitOfMessage2FailsAndTheTrueOneStillWorks) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  ASSERT_TRUE(read(responder, write(initiator, "")));
  responder.set_preshared_key(psk_);
  const auto message = write(responder, "answer");
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    auto changed = message;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ASSERT_FALSE(read(initiator, changed)) << "bit " << bit;
  }
  ASSERT_TRUE(read(initiator, message));
  EXPECT_EQ(initiator.split().initiator_to_responder, responder.split().initiator_to_responder);
}

TEST_F(NoiseTest, MessagesOfOtherLengthsFail) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  const auto message = write(initiator, "payload");
  for (size_t size = 0; size < message.size(); ++size)
    EXPECT_FALSE(read(responder, Bytes(message).first(size))) << size;
  auto longer = message;
  longer.push_back(0);
  EXPECT_FALSE(read(responder, longer));
  EXPECT_FALSE(read(responder, std::vector<uint8_t>(NoiseHandshake::kMaxMessageSize + 1)));
  std::array<uint8_t, 6> small;
  EXPECT_FALSE(responder.read_message(message, small)) << "a payload too long for the caller";
  EXPECT_TRUE(read(responder, message));
}

TEST_F(NoiseTest, BothMustAgreeOnPrologueAndKeys) {
  auto initiator = make_initiator("v1");
  const auto message = write(initiator, "");
  auto other_prologue = make_responder("v2");
  EXPECT_FALSE(read(other_prologue, message));
  auto someone_else = NoiseHandshake::responder(random_key(), as_bytes("v1"), random_key());
  EXPECT_FALSE(read(someone_else, message));
}

TEST_F(NoiseTest, AnotherPresharedKeyFailsAtMessage2) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  ASSERT_TRUE(read(responder, write(initiator, "")));
  responder.set_preshared_key(PresharedKey());
  EXPECT_FALSE(read(initiator, write(responder, "")));
  EXPECT_FALSE(initiator.finished());
}

TEST_F(NoiseTest, AZeroSecretIsRefused) {
  const PublicKey low_order{};  // every exchange with it gives zero
  auto initiator = NoiseHandshake::initiator(alice_, low_order, psk_, {}, random_key());
  std::array<uint8_t, 200> out;
  EXPECT_FALSE(initiator.write_message({}, out));

  auto responder = make_responder();
  auto honest = make_initiator();
  auto message = write(honest, "");
  std::fill_n(message.begin(), kKeySize, uint8_t{0});
  EXPECT_FALSE(read(responder, message));
}

TEST_F(NoiseTest, ReplayedMessage1GivesOtherSecrets) {
  auto initiator = make_initiator();
  const auto message = write(initiator, "");
  auto one = make_responder();
  auto other = make_responder();
  ASSERT_TRUE(read(one, message) && read(other, message));
  one.set_preshared_key(psk_);
  other.set_preshared_key(psk_);
  EXPECT_NE(write(one, ""), write(other, ""));
  EXPECT_FALSE(one.split().initiator_to_responder == other.split().initiator_to_responder);
}

using NoiseDeathTest = NoiseTest;

TEST_F(NoiseDeathTest, OutOfTurnIsABrokenInvariant) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  std::array<uint8_t, 200> out;
  EXPECT_DEATH((void)initiator.read_message({}, out), "turn");
  EXPECT_DEATH((void)responder.write_message({}, out), "turn");
  EXPECT_DEATH((void)responder.remote_static(), "message 1");
  EXPECT_DEATH((void)initiator.split(), "finished");
  EXPECT_DEATH((void)initiator.handshake_hash(), "finished");
  EXPECT_DEATH(responder.set_preshared_key(psk_), "between");
  EXPECT_DEATH((void)initiator.write_message({}, MutableBytes(out).first(95)), "room");
  ASSERT_TRUE(read(responder, write(initiator, "")));
  EXPECT_DEATH((void)responder.write_message({}, out), "preshared");
}

}  // namespace
}  // namespace cuttle
