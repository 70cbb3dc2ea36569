// What the ring writer lays out, what it forgets, and that nothing of what it forgot ever leaves.
#include "link/ring_writer.hh"

#include <gtest/gtest.h>

#include <algorithm>

#include "packets.hh"
#include "wire/pad.hh"

namespace cuttle {
namespace {

using testing::make_packet;
using testing::Packet;

const wire::CellFormat kFormat{256};

class PackerTest : public ::testing::Test {
 protected:
  // The next payload as the pacer would seal it.
  std::vector<uint8_t> take() {
    const uint8_t* payload = ring.take();
    if (payload == nullptr) return {};
    std::vector<uint8_t> copy(payload, payload + kFormat.payload_bytes());
    ring.release();
    return copy;
  }
  static uint16_t block_offset(const std::vector<uint8_t>& payload) { return load_be16(payload.data() + 2); }
  static Bytes data(const std::vector<uint8_t>& payload) {
    return Bytes(payload).subspan(wire::kAggfragHeaderBytes, kFormat.data_bytes());
  }
  static bool all_zero(Bytes bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
  }
  // Reads bytes that no packet and no pad has, and forgets them.
  void read_and_forget(size_t bytes) {
    const auto room = writer.poll_room();
    ASSERT_TRUE(room);
    for (const iovec& whole : room->pieces()) {
      const size_t piece = std::min(bytes, whole.iov_len);
      std::memset(whole.iov_base, 0xee, piece);
      bytes -= piece;
    }
  }

  SlotRing ring{kFormat, 512};
  RingWriter writer{ring};
};

TEST_F(PackerTest, ASmallPacketThenPadWithTheReport) {
  writer.set_loss_report(0x1234);
  const Packet packet = make_packet(60, 1);
  ASSERT_TRUE(writer.handle_copy(packet));
  const auto payload = take();
  EXPECT_EQ(payload[0], 0);
  EXPECT_EQ(block_offset(payload), 0);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), data(payload).begin()));
  EXPECT_EQ(wire::load_loss_report(data(payload).subspan(60)), 0x1234);
  EXPECT_TRUE(all_zero(data(payload).subspan(64)));
  EXPECT_EQ(payload[kFormat.payload_bytes() - 2], 0);
  EXPECT_EQ(payload[kFormat.payload_bytes() - 1], wire::kNextHeaderAggfrag);
}

TEST_F(PackerTest, OffsetsCountDownOverTheFragments) {
  ASSERT_TRUE(writer.handle_copy(make_packet(600, 1)));
  ASSERT_TRUE(writer.handle_copy(make_packet(60, 2)));
  EXPECT_EQ(block_offset(take()), 0);
  EXPECT_EQ(block_offset(take()), 600 - 218);
  const auto last = take();
  EXPECT_EQ(block_offset(last), 600 - 2 * 218);
  EXPECT_EQ(testing::number_of(data(last).subspan(164, 54)), 2u) << "the next packet begins there";
}

TEST_F(PackerTest, NoFragmentIsTooShortToCarryALength) {
  for (size_t used = 190; used <= 218; ++used) {
    ASSERT_TRUE(writer.handle_copy(make_packet(used, 1)));
    ASSERT_TRUE(writer.handle_copy(make_packet(60, 2)));
    const auto first = take();
    const auto second = take();
    if (second.empty()) continue;
    const bool fragmented = block_offset(second) != 0;
    EXPECT_EQ(fragmented, 218 - used >= 24) << used;
    EXPECT_TRUE(fragmented || all_zero(data(first).subspan(used + std::min<size_t>(218 - used, 4))));
  }
}

TEST_F(PackerTest, APacketThatEndsWithTheCellLeavesNothingOpen) {
  ASSERT_TRUE(writer.handle_copy(make_packet(218, 1)));
  EXPECT_FALSE(ring.has_open_slot());
  ASSERT_TRUE(writer.handle_copy(make_packet(2 * 218, 2)));
  EXPECT_EQ(block_offset(take()), 0);
  EXPECT_EQ(block_offset(take()), 0);
  EXPECT_EQ(block_offset(take()), 218) << "the next block is in a later cell";
  EXPECT_TRUE(take().empty());
}

TEST_F(PackerTest, WhatWasReadAndForgottenDoesNotLeaveBehindAPacket) {
  ASSERT_TRUE(writer.handle_copy(make_packet(60, 1)));
  read_and_forget(1000);
  const auto payload = take();
  ASSERT_FALSE(payload.empty());
  EXPECT_EQ(std::count(payload.begin() + 64, payload.end(), 0xee), 0);
  EXPECT_TRUE(take().empty());
  // Nor in cells that are written later over the same memory.
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(writer.handle_copy(make_packet(60, 1)));
    const auto later = take();
    ASSERT_EQ(std::count(later.begin() + 64, later.end(), 0xee), 0);
  }
}

TEST_F(PackerTest, AForgottenReadInAFreshSlotLeavesNoSlot) {
  read_and_forget(1000);
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(ring.waiting(), 0u);
}

TEST_F(PackerTest, APacketWhoseHeaderLiesIsForgottenAndCounted) {
  for (const int lie : {0, 19, 59, 61, 65535}) {
    Packet packet = make_packet(60, 1);
    store_be16(packet.data() + 2, static_cast<uint16_t>(lie));
    EXPECT_TRUE(writer.handle_copy(packet));
  }
  Packet v6 = make_packet(60, 1, true);
  store_be16(v6.data() + 4, 19);
  EXPECT_TRUE(writer.handle_copy(v6));
  EXPECT_TRUE(writer.handle_copy(Packet(60, 0)));
  EXPECT_TRUE(writer.handle_copy(Packet(1, 0x45)));
  EXPECT_EQ(writer.packets_malformed(), 8u);
  EXPECT_TRUE(take().empty());
  ASSERT_TRUE(writer.handle_copy(make_packet(60, 1)));
  Packet lying = make_packet(60, 2);
  store_be16(lying.data() + 2, 50);
  EXPECT_TRUE(writer.handle_copy(lying));
  const auto payload = take();
  EXPECT_TRUE(all_zero(data(payload).subspan(64))) << "nothing of it behind the good one";
}

TEST_F(PackerTest, TheLongestPacketFitsWhereverTheRingStands) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(writer.handle_copy(make_packet(100, 1)));
    ASSERT_TRUE(writer.handle_copy(make_packet(65535, 2)));
    while (!take().empty()) {
    }
  }
}

}  // namespace
}  // namespace cuttle
