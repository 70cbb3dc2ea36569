// Messages of a ladder on their way through cells, between two ends of a link.
#include <gtest/gtest.h>

#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

constexpr wire::LadderMessage kMessage{
    .kind = wire::LadderKind::need, .step = 1, .fingerprint = 77, .epoch = 20'000'000, .author = 5};

class LadderMessages : public LanePair {
 protected:
  explicit LadderMessages(uint16_t b_follows = 77) : LanePair(77, b_follows) {}

  static constexpr size_t kIpBytes = kCellBytes + 28;

  void follow(End& end) { end.control.set_ladder(77, {20'000'000}, kIpBytes); }
};

TEST_F(LadderMessages, TheyGoThroughCellsAndNotToTheHost) {
  follow(*a);
  follow(*b);
  come_up();
  a->control.send_ladder(kMessage);
  slots(10);
  EXPECT_EQ(b->control.poll_ladder(), kMessage);
  EXPECT_FALSE(b->control.poll_ladder());
  EXPECT_TRUE(b->device->written().empty());
  EXPECT_EQ(b->lane().packets.packets_out.value(), 0u);
}

// A full link: the message is a flow of its own.
TEST_F(LadderMessages, TheyDoNotWaitBehindWhatFillsTheLink) {
  follow(*a);
  follow(*b);
  come_up();
  for (int i = 0; i < 300; ++i) a->device->put(packet_of(1400, "10.0.0.1", "10.0.0.2"));
  slots(2);
  a->control.send_ladder(kMessage);
  slots(30);
  EXPECT_EQ(b->control.poll_ladder(), kMessage);
  EXPECT_LT(b->device->written().size(), 200u) << "it was full meanwhile";
}

TEST_F(LadderMessages, BeforeThereIsASessionNothingIsSaid) {
  follow(*a);
  a->control.send_ladder(kMessage);
  EXPECT_TRUE(a->lane().ladder->out.empty());
}

class OneLadder : public LadderMessages {
 protected:
  OneLadder() : LadderMessages(0) {}
};

TEST_F(OneLadder, APeerWithoutItIsToldNothing) {
  follow(*a);
  come_up();
  a->control.send_ladder(kMessage);
  EXPECT_TRUE(a->lane().ladder->out.empty());
}

TEST_F(OneLadder, APeerWithoutItWouldDropMessagesAsAForeignSource) {
  follow(*a);
  come_up();
  a->lane().packer.handle_copy(wire::store_ladder(kMessage));
  a->device->put(packet_of(700, "10.0.0.1", "10.0.0.2"));
  slots(10);
  EXPECT_EQ(b->lane().packets.foreign_source.value(), 1u);
  EXPECT_EQ(b->device->written().size(), 1u) << "what follows comes whole";
}

TEST_F(LadderMessages, NobodyOnTheHostSaysAnything) {
  follow(*a);
  follow(*b);
  come_up();
  a->device->put(wire::store_ladder(kMessage));
  slots(10);
  EXPECT_FALSE(b->control.poll_ladder());
  EXPECT_EQ(a->lane().ladder_forged.value(), 1u);
  EXPECT_EQ(a->lane().packer.packets(), 0u);
}

TEST_F(LadderMessages, WhatIsNoneOrTooManyIsCounted) {
  follow(*a);
  follow(*b);
  come_up();
  wire::LadderPacket other = wire::store_ladder(kMessage);
  other[wire::kLadderHeaderBytes] = 9;
  a->lane().packer.handle_copy(other);
  slots(10);
  EXPECT_EQ(b->lane().ladder->malformed.value(), 1u);
  for (size_t i = 0; i < LadderPost::kWaiting + 3; ++i) {
    a->lane().packer.handle_copy(wire::store_ladder(kMessage));
  }
  slot(*a);
  for (int i = 0; i < 10; ++i) slot(*a);
  receive(*b);
  EXPECT_EQ(b->lane().ladder->lost.value(), 3u);
}

TEST_F(LadderMessages, WhatALaneWasAskedForIsItsNeed) {
  follow(*a);
  come_up();
  EXPECT_EQ(a->control.poll_needed_bps(seconds(1)), 0);
  const size_t data_bytes = wire::CellFormat(kCellBytes).data_bytes();
  for (int i = 0; i < 60; ++i) a->device->put(packet_of(data_bytes, "10.0.0.1", "10.0.0.2"));
  slots(1);
  // Sixty cells in a tenth of a second, waiting or gone.
  const double needed = a->control.poll_needed_bps(milliseconds(100));
  EXPECT_GE(needed, 60 * 8.0 * kIpBytes * 10 * 0.99);
  EXPECT_LE(needed, 60 * 8.0 * kIpBytes * 10 * 1.01);
  for (int i = 0; i < 300; ++i) slots(1);
  a->control.poll_needed_bps(seconds(1));
  EXPECT_EQ(a->control.poll_needed_bps(seconds(1)), 0);
}

TEST_F(LadderMessages, WhatCameAndWhatDidNot) {
  EXPECT_EQ(b->control.poll_lost().came, 0u) << "a link without a ladder counts nothing";
  follow(*a);
  follow(*b);
  come_up();
  b->control.poll_lost();
  slots(100);
  CellsLost cells = b->control.poll_lost();
  EXPECT_GT(cells.came, 90u);
  EXPECT_EQ(cells.lost, 0u);
  const uint64_t in_a_slot = plan.cells_per_slot;
  for (int i = 0; i < 100; ++i) {
    slot(*a);
    while (i % 5 == 0 && b->socket->receive(buffer)) {
    }
    receive(*b);
  }
  slots(20);
  cells = b->control.poll_lost();
  EXPECT_GE(cells.lost, 19 * in_a_slot);
  EXPECT_LE(cells.lost, 21 * in_a_slot);
  EXPECT_EQ(b->control.poll_lost().lost, 0u) << "since it was asked last";
}

TEST_F(LadderMessages, AChangeIsToldThePacers) {
  follow(*a);
  EXPECT_EQ(a->control.rate(0)->now_bps, 20'000'000u);
  EXPECT_EQ(a->control.rate(0)->fingerprint, 77);
  a->control.change_step({0, now + seconds(1), now});
  const auto command = a->lane().to_pacer.pop();
  ASSERT_TRUE(command && std::holds_alternative<ChangeStep>(*command));
}

}  // namespace
}  // namespace cuttle::testing
