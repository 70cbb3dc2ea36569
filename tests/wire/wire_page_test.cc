// The worked example of docs/wire-format.md, byte by byte, against the code that runs.
#include "wire_page.hh"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "crypto/key_schedule.hh"
#include "link/association.hh"
#include "link/receiver.hh"
#include "link/ring_writer.hh"
#include "link/sender.hh"

namespace cuttle {
namespace {

using ByteVector = std::vector<uint8_t>;

ByteVector all_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// The page fixes what is otherwise drawn: this gives it out in the order in which it is asked for.
Entropy script(std::vector<ByteVector> draws) {
  return [draws = std::move(draws), next = size_t{0}](MutableBytes out) mutable {
    ASSERT_LT(next, draws.size());
    ASSERT_EQ(draws[next].size(), out.size());
    std::copy(draws[next].begin(), draws[next].end(), out.begin());
    ++next;
  };
}

PrivateKey key_of(uint8_t byte) {
  std::array<uint8_t, kKeySize> bytes;
  bytes.fill(byte);
  return PrivateKey::from_random(bytes);
}

PresharedKey psk_of(uint8_t byte) {
  std::array<uint8_t, kKeySize> bytes;
  bytes.fill(byte);
  return PresharedKey::from_random(bytes);
}

class WirePage : public ::testing::Test {
 protected:
  static constexpr uint64_t kTimestampNs = 0x1800000000000000;
  const wire::CellFormat format{256};

  // What the page says; printed where CUTTLE_PRINT_PAGE is set, for whoever changes the format.
  void expect_on_page(const std::string& name, const ByteVector& bytes) {
    if (std::getenv("CUTTLE_PRINT_PAGE") != nullptr) {
      std::printf("```hex %s", name.c_str());
      for (size_t i = 0; i < bytes.size(); ++i) std::printf("%s%02x", i % 32 == 0 ? "\n" : " ", bytes[i]);
      std::printf("\n```\n");
    }
    ASSERT_TRUE(page.contains(name)) << "the page has no block '" << name << "'";
    EXPECT_EQ(page.at(name), bytes) << name;
  }

  AssociationConfig config(const PrivateKey& own, const PrivateKey& peer) const {
    return {.keys = {.own = own, .peer = peer.public_key(), .preshared = psk_of(0x33)},
            .format = format,
            .lanes = 1,
            .rate_bps = 200'000'000,
            .slot_ns = 200'000};
  }

  // One packet, sealed by the sender, opened by the receiver.
  void check_cell(const AeadKey& key, Spi spi) {
    const ByteVector packet = page.contains("inner-packet") ? page.at("inner-packet") : ByteVector();
    ASSERT_EQ(packet.size(), 34u);
    SlotRing ring(format, 400);
    RingWriter writer(ring);
    writer.set_loss_report(1311);
    ASSERT_TRUE(writer.handle_copy(packet));
    SlotPlan plan{};
    ASSERT_TRUE(plan_slots({.cell_bytes = 256, .rate_bps = 10'000'000, .slot = microseconds(227)}, plan));
    LaneSender sender(ring, plan, Instant{0}, 1);
    sender.handle_key({*make_aead(best_aead_backend(), key), spi, Instant{0}, Instant::never()});
    const ByteVector cell = all_of(sender.poll_train().cell(0));
    expect_on_page("cell", cell);

    ByteVector payload(format.payload_bytes());
    ASSERT_TRUE((*make_aead(AeadBackend::openssl, key))
                    ->open(1, Bytes(cell).first(8), Bytes(cell).subspan(16), payload.data()));
    expect_on_page("payload", payload);

    LaneReceiver receiver(format, 16, milliseconds(5));
    receiver.handle_key({*make_aead(AeadBackend::openssl, key), spi, 1});
    ASSERT_EQ(receiver.handle_datagram(Instant{0}, cell), Received::first_of_session);
    const auto received = receiver.poll_packet();
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(all_of(*received), packet);
  }

  const std::map<std::string, ByteVector> page = testing::bytes_on_page(CUTTLE_WIRE_PAGE);
};

TEST_F(WirePage, TheHandshakeAndTheCell) {
  const PrivateKey initiator_key = key_of(0x22);
  const PrivateKey responder_key = key_of(0x11);
  ASSERT_LT(initiator_key.public_key(), responder_key.public_key()) << "the smaller one initiates";
  expect_on_page("initiator-public-key", all_of(initiator_key.public_key().bytes));
  expect_on_page("responder-public-key", all_of(responder_key.public_key().bytes));

  const ByteVector own_spi{0x0a, 0x0b, 0x0c, 0x20};
  const ByteVector own_index{0x01, 0x02, 0x03, 0x04};
  const ByteVector peer_spi{0x0d, 0x0e, 0x0f, 0x40};
  const ByteVector peer_index{0x05, 0x06, 0x07, 0x08};
  Association initiator(config(initiator_key, responder_key),
                        script({own_spi, own_index, ByteVector(32, 0x44)}));
  Association responder(config(responder_key, initiator_key),
                        script({ByteVector(32, 0x55), peer_spi, peer_index}));

  initiator.handle_timeout(Instant{0}, Instant{INT64_MIN / 2}, kTimestampNs);
  const auto initiation = initiator.poll_datagram();
  ASSERT_TRUE(initiation.has_value());
  expect_on_page("initiation", all_of(*initiation));
  responder.handle_datagram(Instant{0}, *initiation);
  const auto response = responder.poll_datagram();
  ASSERT_TRUE(response.has_value());
  expect_on_page("response", all_of(*response));
  initiator.handle_datagram(Instant{0}, *response);

  std::optional<InstallSend> send;
  while (auto event = initiator.poll_event()) {
    if (auto* install = std::get_if<InstallSend>(&*event)) send = *install;
  }
  ASSERT_TRUE(send.has_value());
  EXPECT_EQ(send->first_spi, Spi{0x0d0e0f40});
  expect_on_page("initiator-to-responder-secret", all_of(send->secret.bytes()));
  const AeadKey key = derive_cell_key(send->secret, 0);
  expect_on_page("lane-0-key", ByteVector(key.key(), key.key() + kAeadKeySize));
  expect_on_page("lane-0-salt", ByteVector(key.salt(), key.salt() + kAeadSaltSize));
  check_cell(key, send->first_spi);
}

// The sixth initiation at once is answered with a cookie.
TEST_F(WirePage, TheCookie) {
  const PrivateKey initiator_key = key_of(0x22);
  const PrivateKey responder_key = key_of(0x11);
  std::vector<ByteVector> draws(5, ByteVector(32, 0x55));
  draws.emplace_back(24, 0x66);
  draws.emplace_back(24, 0x77);
  Association responder(config(responder_key, initiator_key), script(draws));
  responder.handle_heard(Instant{INT64_MIN / 2}, kTimestampNs);
  ByteVector cell(256);
  cell[4] = 1;
  store_be32(cell.data() + 8, 0x01020304);
  for (uint8_t i = 0; i < 6; ++i) {
    cell[100] = i;
    HandshakeMac(responder_key.public_key()).store(cell);
    responder.handle_datagram(Instant{0}, cell);
  }
  const auto cookie = responder.poll_datagram();
  ASSERT_TRUE(cookie.has_value());
  expect_on_page("cookie", all_of(*cookie));

  Association initiator(config(initiator_key, responder_key),
                        script({{0x0a, 0x0b, 0x0c, 0x20}, {0x01, 0x02, 0x03, 0x04}, ByteVector(32, 0x44)}));
  initiator.handle_datagram(Instant{0}, *cookie);
  initiator.handle_timeout(Instant{0}, Instant{INT64_MIN / 2}, kTimestampNs);
  const auto initiation = initiator.poll_datagram();
  ASSERT_TRUE(initiation.has_value());
  const Bytes mac2 = wire::mac2_of(*initiation);
  expect_on_page("mac2-of-the-initiation", all_of(mac2));
}

}  // namespace
}  // namespace cuttle
