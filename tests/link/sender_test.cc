// The sender: n cells a slot and never another number, handshakes among them, keys that change and expire.
#include "link/sender.hh"

#include <gtest/gtest.h>

#include <map>

#include "crypto/aead.hh"
#include "link/lane_keys.hh"
#include "link/receiver.hh"
#include "link/ring_writer.hh"
#include "packets.hh"
#include "wire/handshake.hh"

namespace cuttle {
namespace {

using testing::make_packet;
using testing::Packet;

constexpr Spi kFirstSpi{1000};

std::unique_ptr<Aead> aead_of(uint8_t key_byte) {
  AeadKey key;
  key.bytes.fill(key_byte);
  return *make_aead(AeadBackend::openssl, key);
}

class SenderTest : public ::testing::Test {
 protected:
  static SlotPlan four_cells_a_slot() {
    SlotPlan plan{};
    EXPECT_TRUE(plan_slots(
        {.cell_bytes = 256, .rate_bps = 4 * (256 + 28) * 8 * 1000, .slot = milliseconds(1)}, plan));
    EXPECT_EQ(plan.cells_per_slot, 4u);
    EXPECT_EQ(plan.period(), milliseconds(1));
    return plan;
  }
  SendKey key(uint8_t byte, Instant from = {0}, Instant until = Instant::never()) {
    return {aead_of(byte), Spi{kFirstSpi.value + byte}, from, until};
  }
  std::vector<uint8_t> handshake(uint8_t mark) const {
    std::vector<uint8_t> cell(format.cell_bytes(), 0);
    cell[4] = mark;
    return cell;
  }
  // One slot; the cells of its train.
  std::vector<std::vector<uint8_t>> slot() {
    const Train train = sender.poll_train();
    EXPECT_EQ(train.cell_bytes, format.cell_bytes());
    std::vector<std::vector<uint8_t>> cells;
    for (size_t i = 0; i < train.count; ++i) {
      const Bytes cell = train.cell(i);
      cells.emplace_back(cell.begin(), cell.end());
    }
    sender.handle_released(sender.deadline());
    return cells;
  }
  static bool is_handshake(const std::vector<uint8_t>& cell) { return wire::is_handshake(cell); }

  wire::CellFormat format{256};
  SlotRing ring{format, 512};
  RingWriter writer{ring};
  LaneSender sender{ring, four_cells_a_slot(), Instant{0}, 1};
};

TEST_F(SenderTest, WithoutASessionNothingIsSent) {
  ASSERT_TRUE(writer.handle_copy(make_packet(100, 1)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(slot().empty());
  EXPECT_EQ(ring.waiting(), 1u) << "the packet waits for a session";
  EXPECT_FALSE(sender.has_session());
}

TEST_F(SenderTest, WithoutASessionHandshakesAloneAreSent) {
  const auto cell = handshake(1);
  ASSERT_TRUE(sender.handle_handshake(cell));
  EXPECT_EQ(slot(), std::vector<std::vector<uint8_t>>(1, cell));
  EXPECT_TRUE(slot().empty());
  EXPECT_EQ(sender.counters().handshakes.value(), 1u);
}

TEST_F(SenderTest, NCellsASlotWhateverWaits) {
  sender.handle_key(key(1));
  uint32_t next = 0;
  for (int i = 0; i < 500; ++i) {
    if (i % 7 == 3) {
      while (writer.handle_copy(make_packet(700, next))) ++next;
    }
    if (i % 5 == 0) {
      ASSERT_TRUE(sender.handle_handshake(handshake(1)));
    }
    const auto cells = slot();
    ASSERT_EQ(cells.size(), 4u);
    ASSERT_EQ(is_handshake(cells[0]), i % 5 == 0) << "a handshake takes the place of one of the n";
    for (size_t k = 1; k < 4; ++k) ASSERT_FALSE(is_handshake(cells[k]));
  }
  EXPECT_EQ(sender.counters().handshakes.value(), 100u);
}

TEST_F(SenderTest, SequenceNumbersCountTheSealedCellsFromOne) {
  sender.handle_key(key(1));
  uint32_t expected = 1;
  for (int i = 0; i < 50; ++i) {
    if (i % 3 == 0) {
      ASSERT_TRUE(sender.handle_handshake(handshake(1)));
    }
    for (const auto& cell : slot()) {
      if (is_handshake(cell)) continue;
      const wire::EspHeader header = wire::load_esp_header(cell.data());
      EXPECT_EQ(header.spi, Spi{1001});
      EXPECT_EQ(header.sequence, Sequence{expected});
      EXPECT_EQ(header.iv, expected);
      ++expected;
    }
  }
}

TEST_F(SenderTest, AKeyIsGivenUpBeforeItsSequenceNumbersEnd) {
  SendKey used = key(1);
  used.sequence = UINT32_MAX - 6;
  sender.handle_key(std::move(used));
  const auto last = slot();
  ASSERT_EQ(last.size(), 4u);
  EXPECT_EQ(wire::load_esp_header(last.back().data()).sequence, Sequence{UINT32_MAX - 2});
  EXPECT_TRUE(slot().empty()) << "two numbers are left, and a slot takes four";
  EXPECT_FALSE(sender.has_session());
  sender.handle_key(key(2, sender.deadline()));
  const auto next = slot();
  ASSERT_EQ(next.size(), 4u);
  EXPECT_EQ(wire::load_esp_header(next.front().data()).sequence, Sequence{1});
}

TEST_F(SenderTest, AHandshakeWaitsForItsTimeAndKeepsItsOrder) {
  ASSERT_TRUE(sender.handle_handshake(handshake(1), Instant{3'000'000}));
  ASSERT_TRUE(sender.handle_handshake(handshake(2), Instant{1'000'000}));
  ASSERT_TRUE(sender.handle_handshake(handshake(3)));
  ASSERT_TRUE(sender.handle_handshake(handshake(4), Instant{6'000'001}));
  EXPECT_FALSE(sender.handle_handshake(handshake(5))) << "four wait at the most";
  std::vector<int> sent_in_slot;
  for (int i = 0; i < 9; ++i) {
    const auto cells = slot();
    sent_in_slot.push_back(cells.empty() ? 0 : cells[0][4]);
  }
  EXPECT_EQ(sent_in_slot, (std::vector<int>{0, 0, 0, 1, 2, 3, 0, 4, 0}));
}

TEST_F(SenderTest, AKeyTakesEffectInTheFirstSlotNotBeforeItsTime) {
  sender.handle_key(key(1));
  sender.handle_key(key(2, Instant{3'000'000}));
  for (int i = 0; i < 6; ++i) {
    for (const auto& cell : slot()) {
      const wire::EspHeader header = wire::load_esp_header(cell.data());
      EXPECT_EQ(header.spi, Spi{kFirstSpi.value + (i < 3 ? 1u : 2u)}) << i;
    }
  }
  EXPECT_NE(sender.poll_retired(), nullptr);
  EXPECT_EQ(sender.poll_retired(), nullptr);
}

// However late: what brings them is the busier the more data there is.
TEST_F(SenderTest, WhatMissedItsSlotWaitsForTheNextOfItsInstants) {
  for (const int late : {5, 60, 99}) {
    LaneSender again(ring, four_cells_a_slot(), Instant{0}, 1);
    again.handle_key(key(1));
    int handshake_in = -1;
    int changed_in = -1;
    for (int i = 0; i < 250; ++i) {
      if (i == late) {
        ASSERT_TRUE(again.handle_handshake(handshake(9), Instant{3'500'000}));
        again.handle_key(key(2, Instant{4'000'000}));
      }
      const Train train = again.poll_train();
      ASSERT_EQ(train.count, 4u);
      if (wire::is_handshake(train.cell(0))) handshake_in = i;
      const bool is_new = wire::load_esp_header(train.cell(3).data()).spi == Spi{1002};
      if (is_new && changed_in < 0) changed_in = i;
      again.handle_released(again.deadline());
    }
    EXPECT_EQ(handshake_in, 104) << late;
    EXPECT_EQ(changed_in, 104) << late;
  }
}

TEST_F(SenderTest, ANewerKeyReplacesTheOneThatWaits) {
  sender.handle_key(key(1, Instant{1'000'000}));
  sender.handle_key(key(2, Instant{2'000'000}));
  EXPECT_TRUE(slot().empty());
  EXPECT_TRUE(slot().empty());
  EXPECT_EQ(wire::load_esp_header(slot()[0].data()).spi, Spi{1002});
  EXPECT_NE(sender.poll_retired(), nullptr);
}

TEST_F(SenderTest, AfterItsTimeAKeySealsNothing) {
  sender.handle_key(key(1, Instant{0}, Instant{2'000'000}));
  EXPECT_EQ(slot().size(), 4u);
  EXPECT_EQ(slot().size(), 4u);
  EXPECT_TRUE(slot().empty());
  EXPECT_FALSE(sender.has_session());
  ASSERT_TRUE(sender.handle_handshake(handshake(1)));
  EXPECT_EQ(slot().size(), 1u);
}

TEST_F(SenderTest, StopEndsTheSessionAtOnceAndFreesThePacker) {
  sender.handle_key(key(1));
  EXPECT_EQ(slot().size(), 4u);
  ring.hold();
  sender.handle_key(key(2, Instant{100'000'000}));
  sender.handle_stop();
  EXPECT_FALSE(ring.on_hold());
  EXPECT_TRUE(slot().empty());
}

TEST_F(SenderTest, AStopHasAnInstant) {
  sender.handle_key(key(1));
  EXPECT_EQ(slot().size(), 4u);
  sender.handle_key(key(2, sender.deadline() + milliseconds(2)));
  sender.handle_stop(sender.deadline() + milliseconds(4));
  EXPECT_EQ(slot().size(), 4u);
  EXPECT_EQ(slot().size(), 4u);
  EXPECT_EQ(wire::load_esp_header(slot()[0].data()).spi, Spi{1002}) << "what was to come before it comes";
  EXPECT_EQ(slot().size(), 4u);
  EXPECT_TRUE(slot().empty());
  EXPECT_FALSE(sender.has_session());
}

TEST_F(SenderTest, AStopOfWhatThereIsLeavesTheNextKey) {
  sender.handle_key(key(1));
  EXPECT_EQ(slot().size(), 4u);
  ring.hold();
  sender.handle_key(key(2, sender.deadline() + milliseconds(100)));
  sender.handle_stop(sender.deadline() + milliseconds(1));
  sender.handle_key(key(3, sender.deadline() + milliseconds(3)));
  EXPECT_EQ(slot().size(), 4u);
  EXPECT_TRUE(slot().empty());
  EXPECT_FALSE(ring.on_hold());
  EXPECT_TRUE(slot().empty());
  EXPECT_EQ(wire::load_esp_header(slot()[0].data()).spi, Spi{1003});
}

TEST_F(SenderTest, AStopThatMissedItsSlotWaitsForALaterOne) {
  sender.handle_key(key(1));
  const Instant due = sender.deadline() + milliseconds(1);
  for (int i = 0; i < 5; ++i) slot();
  sender.handle_stop(due);
  while (sender.deadline() < due + LaneSender::kAgain) ASSERT_EQ(slot().size(), 4u);
  EXPECT_TRUE(slot().empty());
}

TEST_F(SenderTest, RetiredKeysAreNeverLostOrKeptBeyondFour) {
  for (int i = 0; i < 20; ++i) sender.handle_key(key(static_cast<uint8_t>(i), Instant{1'000'000'000}));
  int retired = 0;
  while (sender.poll_retired() != nullptr) ++retired;
  EXPECT_EQ(retired, 4) << "what does not fit is freed at once";
}

TEST_F(SenderTest, CountsDummiesLatenessAndMissedSlots) {
  sender.handle_key(key(1));
  ASSERT_TRUE(writer.handle_copy(make_packet(100, 1)));
  slot();
  EXPECT_EQ(sender.counters().cells_dummy.value(), 3u);
  sender.poll_train();
  sender.handle_released(sender.deadline() + LaneSender::kLate);
  EXPECT_EQ(sender.counters().slots_late.value(), 0u);
  sender.poll_train();
  sender.handle_released(sender.deadline() + LaneSender::kLate + nanoseconds(1));
  EXPECT_EQ(sender.counters().slots_late.value(), 1u);
  EXPECT_EQ(sender.counters().slots_missed.value(), 0u);
  EXPECT_EQ(sender.counters().lateness.count(), 3u);
}

TEST_F(SenderTest, AfterAPauseEverySlotIsCaughtUpNoneLeftOut) {
  sender.handle_key(key(1));
  const Duration period = sender.plan().period();
  sender.poll_train();
  Instant now = sender.deadline() + period * 5 + period / 4;
  sender.handle_released(now);
  EXPECT_EQ(sender.counters().pauses.value(), 1u);
  // Those that fell due meanwhile, half a slot apart until the schedule is met again.
  int released = 1;
  for (uint64_t caught_up = 0; sender.counters().slots_caught_up.value() > caught_up; ++released) {
    caught_up = sender.counters().slots_caught_up.value();
    EXPECT_EQ(sender.deadline(), now + period / 2);
    now = sender.deadline();
    EXPECT_EQ(slot().size(), 4u);
  }
  EXPECT_GT(released, 5);
  EXPECT_EQ(sender.deadline(), Instant{0} + period * released)
      << "as many as slots went by, and on time again";
  EXPECT_EQ(sender.counters().slots_missed.value(), 0u);
  EXPECT_EQ(sender.counters().pauses.value(), 1u) << "one pause, however many slots it took to catch up";
}

TEST_F(SenderTest, APauseTooLongToBeCaughtUpLeavesAGapThatIsCounted) {
  sender.handle_key(key(1));
  const Duration period = sender.plan().period();
  sender.poll_train();
  const Instant now = sender.deadline() + kLongestPause + period * 5;
  sender.handle_released(now);
  EXPECT_GT(sender.counters().slots_missed.value(), 0u);
  EXPECT_LE(sender.deadline() - now, period);
}

// A packet that is on its way when the keys change would need both: so the packer holds back before.
TEST_F(SenderTest, AKeyChangeOnHoldTearsNoPacket) {
  LaneReceiver receiver(format, 32, milliseconds(5));
  Instant now{0};
  sender.handle_key(key(0));
  receiver.handle_key({aead_of(0), kFirstSpi, 1});
  uint32_t sent = 0;
  uint32_t arrived = 0;
  const Duration lead = key_change_lead(sender.plan(), ring.capacity());
  uint8_t session = 0;
  Instant change{20'000'000};
  for (int i = 0; i < 3000; ++i) {
    now = sender.deadline();
    if (now >= change) {
      ++session;
      receiver.handle_key({aead_of(session), Spi{kFirstSpi.value + session}, session + uint64_t{1}});
      ring.hold();
      sender.handle_key(key(session, now + lead));
      change = now + lead + milliseconds(50);
    }
    while (writer.handle_copy(make_packet(40'000, sent))) ++sent;
    for (const auto& cell : slot()) {
      EXPECT_NE(receiver.handle_datagram(now, cell), Received::dropped);
      while (const auto packet = receiver.poll_packet()) {
        ASSERT_EQ(testing::number_of(*packet), arrived);
        ++arrived;
      }
    }
  }
  EXPECT_GT(session, 10);
  EXPECT_GT(arrived, 40u);
  EXPECT_EQ(receiver.reassembly().packets_torn.value(), 0u);
  EXPECT_LE(sent - arrived, 3u) << "the last ones are still in the ring";
}

TEST_F(SenderTest, WhatLeavesBeforeAKeyChangeStillBegins) {
  LaneReceiver receiver(format, 32, milliseconds(5));
  sender.handle_key(key(0));
  receiver.handle_key({aead_of(0), kFirstSpi, 1});
  receiver.handle_key({aead_of(1), Spi{kFirstSpi.value + 1}, 2});
  uint32_t sent = 0;
  uint32_t arrived = 0;
  int idle = 0;
  const auto feed_and_send = [&] {
    while (ring.waiting() < 8 && writer.handle_copy(make_packet(100 + sent % 7 * 150, sent))) ++sent;
    const Train train = sender.poll_train();
    if (train.payloads < train.count) ++idle;
    for (size_t i = 0; i < train.count; ++i) {
      EXPECT_NE(receiver.handle_datagram(sender.deadline(), train.cell(i)), Received::dropped);
      while (const auto packet = receiver.poll_packet()) EXPECT_EQ(testing::number_of(*packet), arrived++);
    }
    sender.handle_released(sender.deadline());
  };
  for (int i = 0; i < 20; ++i) feed_and_send();
  ASSERT_EQ(idle, 0);
  ring.hold();
  sender.handle_key(key(1, sender.deadline() + key_change_lead(sender.plan(), ring.capacity())));
  int trains = 0;
  for (; ring.on_hold() && trains < 1000; ++trains) feed_and_send();
  EXPECT_GT(trains, 100);
  EXPECT_LE(idle, 10) << "nothing to send for longer than 5 ms, one packet and two slots";
  for (int i = 0; i < 20; ++i) feed_and_send();
  EXPECT_EQ(receiver.reassembly().packets_torn.value(), 0u);
  EXPECT_LE(sent - arrived, 8u) << "the last ones are still in the ring";
}

TEST_F(SenderTest, WithoutTheHoldPacketsDoTear) {
  // The test above is worth something only because this is so.
  LaneReceiver receiver(format, 32, milliseconds(5));
  uint32_t sent = 0;
  for (uint8_t session = 0; session < 10; ++session) {
    receiver.handle_key({aead_of(session), Spi{kFirstSpi.value + session}, session + uint64_t{1}});
    sender.handle_key(key(session, sender.deadline()));
    for (int i = 0; i < 20; ++i) {
      while (writer.handle_copy(make_packet(40'000, sent))) ++sent;
      for (const auto& cell : slot()) {
        receiver.handle_datagram(Instant{0}, cell);
        while (receiver.poll_packet()) {
        }
      }
    }
  }
  EXPECT_GT(receiver.reassembly().packets_torn.value(), 0u);
}

}  // namespace
}  // namespace cuttle
