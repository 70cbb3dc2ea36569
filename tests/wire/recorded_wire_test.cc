// A node of now and one of before the engine (commit 82bdbaf), whose bytes were written down then: they hold
// a link with each other, whichever of them initiates.
//
// What this node sends in the other's place is compared with what that one sent: where it is the same, byte
// by byte, whoever read the one reads the other.
#include "crypto/key_schedule.hh"
#include "link/lane_keys.hh"
#include "link/receiver.hh"
#include "link/ring_writer.hh"
#include "link/sender.hh"
#include "scripted.hh"
#include "wire_page.hh"

namespace cuttle::testing {
namespace {

constexpr uint8_t kLanes = 2;
constexpr uint16_t kLoss_65536ths = 1311;
constexpr int kCells = 3;  // a packet that goes on in the second, and a dummy

class RecordedWire : public ScriptedNodes {
 protected:
  ByteVector recorded(const std::string& name) const {
    EXPECT_TRUE(recording.contains(name)) << name;
    return recording.contains(name) ? recording.at(name) : ByteVector(format.cell_bytes());
  }
  static std::string cell_name(const std::string& who, uint8_t lane, int number) {
    return who + "-lane-" + std::to_string(lane) + "-cell-" + std::to_string(number);
  }
  struct Keys {
    std::optional<InstallReceive> receive;
    std::optional<InstallSend> send;
  };
  static Keys keys_of(Association& association) {
    Keys keys;
    while (auto event = association.poll_event()) {
      if (auto* receive = std::get_if<InstallReceive>(&*event)) keys.receive = *receive;
      if (auto* send = std::get_if<InstallSend>(&*event)) keys.send = *send;
    }
    return keys;
  }

  // What `who` sent then, this node opens.
  void expect_read(const std::string& who, const InstallReceive& keys) const {
    for (uint8_t lane = 0; lane < kLanes; ++lane) {
      LaneReceiver receiver(format, 16, milliseconds(5));
      receiver.handle_key(make_receive_key(keys, lane, best_aead_backend()));
      std::vector<ByteVector> packets;
      for (int i = 1; i <= kCells; ++i) {
        const ByteVector cell = recorded(cell_name(who, lane, i));
        EXPECT_NE(receiver.handle_datagram(Instant{0}, cell), Received::dropped) << who << lane << i;
        while (const auto packet = receiver.poll_packet()) packets.push_back(all_of(*packet));
      }
      ASSERT_EQ(packets.size(), 1u) << who << lane;
      EXPECT_EQ(packets[0], recorded("packet-of-the-" + who));
      EXPECT_EQ(receiver.reported_loss_65536ths(), kLoss_65536ths);
    }
  }
  // What this node sends in the place of `who`.
  void expect_sent(const std::string& who, const InstallSend& keys) const {
    for (uint8_t lane = 0; lane < kLanes; ++lane) {
      SlotRing ring(format, 400);
      RingWriter writer(ring);
      writer.set_loss_report(kLoss_65536ths);
      ASSERT_TRUE(writer.handle_copy(recorded("packet-of-the-" + who)));
      SlotPlan plan{};
      ASSERT_TRUE(plan_slots({.cell_bytes = 256, .rate_bps = 10'000'000, .slot = microseconds(227)}, plan));
      LaneSender sender(ring, plan, Instant{0}, 1);
      sender.set_loss_report(kLoss_65536ths);
      sender.handle_key(make_send_key(keys, lane, best_aead_backend(), Instant{0}));
      for (int sent = 0; sent < kCells;) {
        const Train train = sender.poll_train();
        for (size_t i = 0; i < train.count && sent < kCells; ++i) {
          EXPECT_EQ(all_of(train.cell(i)), recorded(cell_name(who, lane, ++sent)));
        }
        sender.handle_released(sender.deadline());
      }
    }
  }
  // A response's was not made over the initiation's mac1 then; a node of then hears either.
  static ByteVector without_mac2(ByteVector cell) {
    cell.resize(cell.size() - wire::kMacBytes);
    return cell;
  }
  ByteVector initiation_of(Association& initiator) const {
    initiator.handle_timeout(Instant{0}, Instant{INT64_MIN / 2}, kTimestampNs);
    const auto initiation = initiator.poll_datagram();
    EXPECT_TRUE(initiation.has_value());
    return initiation ? all_of(*initiation) : ByteVector();
  }

  const std::map<std::string, ByteVector> recording = bytes_on_page(CUTTLE_TEST_DATA "/recorded_82bdbaf.txt");
};

TEST_F(RecordedWire, TheOldNodeInitiates) {
  Association responder(config(responder_key, initiator_key, kLanes), script(responders_draws()));
  responder.handle_datagram(Instant{0}, recorded("initiation"));
  const auto response = responder.poll_datagram();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(without_mac2(all_of(*response)), without_mac2(recorded("response")));
  const auto receive = keys_of(responder).receive;
  ASSERT_TRUE(receive.has_value());
  expect_read("initiator", *receive);
  responder.handle_first_cell(Instant{0}, receive->session);
  const auto send = keys_of(responder).send;
  ASSERT_TRUE(send.has_value());
  expect_sent("responder", *send);
}

TEST_F(RecordedWire, TheOldNodeAnswers) {
  Association initiator(config(initiator_key, responder_key, kLanes), script(initiators_draws()));
  EXPECT_EQ(initiation_of(initiator), recorded("initiation"));
  initiator.handle_datagram(Instant{0}, recorded("response"));
  const Keys keys = keys_of(initiator);
  ASSERT_TRUE(keys.send && keys.receive);
  expect_sent("initiator", *keys.send);
  expect_read("responder", *keys.receive);
}

// The one thing that has changed since (rule H12): a cookie was 32 drawn bytes, and is a time of 8 bytes and
// 24 that are drawn. To whom it is sent it is 32 bytes under which its next initiation has a MAC.
TEST_F(RecordedWire, AFloodedOldNodesCookieIsTaken) {
  Association initiator(config(initiator_key, responder_key, kLanes), script(initiators_draws()));
  initiator.handle_datagram(Instant{0}, recorded("cookie"));
  EXPECT_EQ(initiator.counters().cookies_received.value(), 1u);
  EXPECT_EQ(initiation_of(initiator), recorded("initiation-with-the-cookie"));
}

TEST_F(RecordedWire, AnOldNodeTakesTheCookieOfAFloodedOne) {
  std::vector<ByteVector> draws = floods_draws();
  for (auto& draw : responders_draws()) draws.push_back(draw);
  Association responder(config(responder_key, initiator_key, kLanes), script(draws));
  responder.handle_heard(Instant{INT64_MIN / 2}, kTimestampNs);
  flood(responder);
  const auto cookie = responder.poll_datagram();
  ASSERT_TRUE(cookie.has_value());
  // Both were given 66 to draw: the same but for the time, and for the MACs over it.
  const ByteVector old = recorded("cookie");
  const auto sealed = static_cast<std::ptrdiff_t>(wire::kHandshakeHeaderBytes + wire::kCookieNonceBytes);
  const auto drawn = sealed + static_cast<std::ptrdiff_t>(wire::kCookieTimeBytes);
  EXPECT_TRUE(std::equal(old.begin(), old.begin() + sealed, cookie->begin()));
  EXPECT_FALSE(std::equal(old.begin() + sealed, old.begin() + drawn, cookie->begin() + sealed));
  EXPECT_TRUE(std::equal(old.begin() + drawn, old.begin() + drawn + 24, cookie->begin() + drawn));
  EXPECT_EQ(all_of(*cookie), recorded("timed-cookie")) << "which the old node was given, and took";
  // The flood goes on; what the old node then sent is read all the same.
  responder.handle_datagram(Instant{0}, recorded("initiation"));
  EXPECT_FALSE(responder.poll_datagram().has_value());
  responder.handle_datagram(Instant{0}, recorded("initiation-with-a-timed-cookie"));
  const auto response = responder.poll_datagram();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(without_mac2(all_of(*response)), without_mac2(recorded("response")));
}

}  // namespace
}  // namespace cuttle::testing
