// The worked example of docs/wire-format.md, byte by byte, against the code that runs.
#include "wire_page.hh"

#include <gtest/gtest.h>

#include <cstdio>

#include "crypto/key_schedule.hh"
#include "link/association.hh"
#include "link/receiver.hh"
#include "link/ring_writer.hh"
#include "link/sender.hh"
#include "scripted.hh"

namespace cuttle::testing {
namespace {

class WirePage : public ScriptedNodes {
 protected:
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

  const std::map<std::string, ByteVector> page = bytes_on_page(CUTTLE_WIRE_PAGE);
};

TEST_F(WirePage, TheHandshakeAndTheCell) {
  ASSERT_LT(initiator_key.public_key(), responder_key.public_key()) << "the smaller one initiates";
  expect_on_page("initiator-public-key", all_of(initiator_key.public_key().bytes));
  expect_on_page("responder-public-key", all_of(responder_key.public_key().bytes));

  Association initiator(config(initiator_key, responder_key, 1), script(initiators_draws()));
  Association responder(config(responder_key, initiator_key, 1), script(responders_draws()));

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
  Association responder(config(responder_key, initiator_key, 1), script(floods_draws()));
  responder.handle_heard(Instant{INT64_MIN / 2}, kTimestampNs);
  flood(responder);
  const auto cookie = responder.poll_datagram();
  ASSERT_TRUE(cookie.has_value());
  expect_on_page("cookie", all_of(*cookie));

  Association initiator(config(initiator_key, responder_key, 1), script(initiators_draws()));
  initiator.handle_datagram(Instant{0}, *cookie);
  initiator.handle_timeout(Instant{0}, Instant{INT64_MIN / 2}, kTimestampNs);
  const auto initiation = initiator.poll_datagram();
  ASSERT_TRUE(initiation.has_value());
  const Bytes mac2 = wire::mac2_of(*initiation);
  expect_on_page("mac2-of-the-initiation", all_of(mac2));
}

}  // namespace
}  // namespace cuttle::testing
