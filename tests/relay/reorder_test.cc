#include "relay/reorder.hh"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace cuttle::relay {
namespace {

using Verdict = Reorder::Verdict;

class ReorderTest : public ::testing::Test {
 protected:
  Verdict put(uint32_t sequence, uint8_t flow = 1) {
    const uint8_t packet[] = {flow, static_cast<uint8_t>(sequence)};
    const Verdict verdict = reorder.handle_packet(now, flow, sequence, packet);
    if (verdict != Verdict::held) out.push_back(sequence);
    poll();
    return verdict;
  }
  void poll() {
    while (const auto packet = reorder.poll_packet(now)) out.push_back((*packet)[1]);
  }

  PacketPool pool{16, 100};
  Reorder reorder{pool, 8, milliseconds(20)};
  Instant now{1'000'000};
  std::vector<uint32_t> out;
};

TEST_F(ReorderTest, WhatComesEarlyWaits) {
  EXPECT_EQ(put(0), Verdict::in_order);
  EXPECT_EQ(put(2), Verdict::held);
  EXPECT_EQ(put(3), Verdict::held);
  EXPECT_EQ(put(1), Verdict::in_order);
  EXPECT_EQ(out, (std::vector<uint32_t>{0, 1, 2, 3}));
  EXPECT_TRUE(reorder.empty());
  EXPECT_EQ(pool.free_places(), 16u);
}

TEST_F(ReorderTest, FlowsDoNotWaitForEachOther) {
  put(1, 1);
  put(0, 2);
  EXPECT_EQ(out, (std::vector<uint32_t>{0}));
}

TEST_F(ReorderTest, AGapIsGivenUpInTimeAndWhatComesLaterIsLateButNotLost) {
  put(1);
  put(2);
  now = now + milliseconds(19);
  poll();
  EXPECT_TRUE(out.empty());
  now = now + milliseconds(1);
  poll();
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(reorder.gaps(), 1u);
  EXPECT_EQ(put(0), Verdict::late);
  EXPECT_EQ(put(3), Verdict::in_order);
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 2, 0, 3}));
  EXPECT_EQ(reorder.packets_late(), 1u);
}

TEST_F(ReorderTest, NoMoreWaitsThanThereIsRoomFor) {
  for (uint32_t i = 1; i <= 8; ++i) EXPECT_EQ(put(i), Verdict::held);
  EXPECT_EQ(put(9), Verdict::full);
  EXPECT_EQ(put(0), Verdict::in_order);
  EXPECT_EQ(out, (std::vector<uint32_t>{9, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

// However many of one flow are ready, and however few are handed out at a time.
TEST_F(ReorderTest, AFlowWithMuchToHandOutKeepsNoOtherWaiting) {
  PacketPool all(2048, 100);
  Reorder many(all, 512, milliseconds(20));
  const std::vector<uint8_t> packet(50);
  for (uint32_t sequence = 1; sequence <= 200; ++sequence) many.handle_packet(now, 1, sequence, packet);
  const std::vector<uint8_t> others(60);
  many.handle_packet(now, 2, 1, others);
  now = now + milliseconds(20);
  int before = 0;
  while (many.poll_packet(now)->size() == packet.size()) ++before;
  EXPECT_LT(before, 32);
}

// Those of several sources that let all their packets wait leave room for one more.
TEST_F(ReorderTest, NobodyKeepsTheOthersOutOfThePool) {
  PacketPool all(2048, 100);
  std::vector<std::unique_ptr<Reorder>> hostile;
  const std::vector<uint8_t> packet(50);
  for (int i = 0; i < 4; ++i) {
    hostile.push_back(std::make_unique<Reorder>(all, 512, milliseconds(20)));
    for (uint32_t sequence = 1; sequence <= 600; ++sequence) {
      hostile.back()->handle_packet(now, 1, sequence, packet);
    }
  }
  Reorder other(all, 512, milliseconds(20));
  for (uint32_t sequence = 1; sequence <= 100; ++sequence) {
    ASSERT_EQ(other.handle_packet(now, 1, sequence, packet), Verdict::held) << sequence;
  }
}

TEST_F(ReorderTest, AnotherSessionCountsAnewAfterWhatWaited) {
  put(0);
  put(2);
  reorder.handle_new_session();
  poll();
  EXPECT_EQ(put(0), Verdict::in_order);
  EXPECT_EQ(out, (std::vector<uint32_t>{0, 2, 0}));
}

TEST_F(ReorderTest, WhatIsClearedGivesItsRoomBack) {
  put(5);
  reorder.clear();
  EXPECT_EQ(pool.free_places(), 16u);
  EXPECT_TRUE(reorder.empty());
}

}  // namespace
}  // namespace cuttle::relay
