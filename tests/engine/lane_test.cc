// What every driver does with a lane: packets in at one end, out at the other, and what is dropped between.
#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

using LaneTest = LanePair;

TEST_F(LaneTest, APacketComesOutAtTheOtherEnd) {
  come_up();
  const auto packet = packet_of(3000, "10.0.0.1", "10.0.0.2");
  a->device->put(packet);
  slots(20);
  ASSERT_EQ(b->device->written().size(), 1u);
  EXPECT_EQ(b->device->written()[0].bytes, packet);
  EXPECT_EQ(b->lane().packets.packets_out.value(), 1u);
}

TEST_F(LaneTest, APacketInTwoHalves) {
  come_up();
  a->device->put(packet_of(3000, "10.0.0.1", "10.0.0.2"));
  auto begun = a->packer_stage.begin(a->lane(), {});
  // The pacer finds a payload that is being written, and sends a dummy.
  const uint64_t dummies = a->lane().sender.counters().cells_dummy.value();
  const Instant deadline = a->lane().sender.deadline();
  const BegunSlot slot = begin_slot(a->lane(), wake_for(a->lane()), 0, deadline);
  EXPECT_EQ(a->lane().sender.counters().cells_dummy.value(), dummies + slot.train.count);
  end_slot(a->lane(), slot, deadline);
  EXPECT_EQ(a->packer_stage.finish(a->lane(), std::move(begun)), PackerStage::Outcome::more);
  slots(20);
  EXPECT_EQ(b->device->written().size(), 1u);
}

TEST_F(LaneTest, APacketFromAnotherSourceIsDropped) {
  come_up();
  a->device->put(packet_of(100, "10.0.0.9", "10.0.0.2"));
  slots(20);
  EXPECT_TRUE(b->device->written().empty());
  EXPECT_EQ(b->lane().packets.foreign_source.value(), 1u);
}

TEST_F(LaneTest, APacketToSomebodyElseIsDropped) {
  come_up();
  a->device->put(packet_of(100, "10.0.0.1", "10.0.0.9"));
  slots(20);
  EXPECT_TRUE(b->device->written().empty());
  EXPECT_EQ(b->lane().packets.foreign_destination.value(), 1u);
}

TEST_F(LaneTest, APacketThatTheHostDoesNotTakeIsCounted) {
  come_up();
  b->device->refuse_writes(EIO);
  a->device->put(packet_of(100, "10.0.0.1", "10.0.0.2"));
  slots(20);
  EXPECT_EQ(b->lane().packets.tun_refused.value(), 1u);
  EXPECT_EQ(b->lane().packets.packets_out.value(), 0u);
}

TEST_F(LaneTest, WhatTheSocketRefusesIsCounted) {
  come_up();
  const uint64_t before = a->lane().sender.counters().cells.value();
  a->socket->refuse_after(1);
  const size_t cells = plan.cells_per_release();
  ASSERT_GT(cells, 1u);
  slot(*a);
  EXPECT_EQ(a->lane().sender.counters().cells.value(), before + 1);
  EXPECT_EQ(a->lane().sender.counters().datagrams_refused.value(), cells - 1);
}

TEST_F(LaneTest, AStrangersHandshakeDoesNotWakeTheControlThread) {
  std::vector<uint8_t> cell(kCellBytes, 0);
  cell[4] = 1;
  a->socket->put(cell, kCellBytes);
  EXPECT_FALSE(receive_train(a->lane(), buffer).for_handshakes);
  EXPECT_EQ(a->lane().packets.handshake_mac_wrong.value(), 1u);
  HandshakeMac(key_of(1).public_key()).store(cell);
  a->socket->put(cell, kCellBytes);
  EXPECT_TRUE(receive_train(a->lane(), buffer).for_handshakes);
}

TEST_F(LaneTest, AHandshakeThatFindsTheRingFullIsCounted) {
  std::vector<uint8_t> cell(kCellBytes, 0);
  cell[4] = 1;
  HandshakeMac(key_of(1).public_key()).store(cell);
  const size_t room = a->lane().handshakes_in.capacity();
  for (size_t i = 0; i <= room; ++i) {
    a->socket->put(cell, kCellBytes);
    EXPECT_EQ(receive_train(a->lane(), buffer).for_handshakes, i < room);
  }
  EXPECT_EQ(a->lane().packets.handshakes_lost.value(), 1u);
}

// It counts from its arrival, however late it is read and handled.
TEST_F(LaneTest, AHandshakeIsStampedWhenItCameIn) {
  std::vector<uint8_t> cell(kCellBytes, 0);
  cell[4] = 1;
  HandshakeMac(key_of(1).public_key()).store(cell);
  a->socket->set_time(Instant{123'456'789});
  a->socket->put(cell, kCellBytes);
  a->socket->set_time(Instant{999'999'999});
  receive_train(a->lane(), buffer);
  ASSERT_TRUE(a->lane().handshakes_in.front());
  EXPECT_EQ(a->lane().handshakes_in.front()->stamp, Instant{123'456'789});
}

}  // namespace
}  // namespace cuttle::testing
