#include "relay/forward_queue.hh"

#include <gtest/gtest.h>

#include <vector>

namespace cuttle::relay {
namespace {

class ForwardQueueTest : public ::testing::Test {
 protected:
  void put(uint64_t source, uint8_t what, size_t bytes = 100) {
    queue.handle_packet(now, source, std::vector<uint8_t>(bytes, what));
  }
  // What comes out next; 0: nothing.
  int take() {
    const auto packet = queue.poll_front(now);
    if (!packet) return 0;
    const int what = packet->front();
    queue.handle_taken();
    return what;
  }

  PacketPool pool{16, 200};
  ForwardQueue queue{pool, 1000, milliseconds(15)};
  Instant now{1'000'000};
};

TEST_F(ForwardQueueTest, SourcesTakeTurns) {
  for (const int i : {1, 2, 3}) put(7, static_cast<uint8_t>(i));
  put(8, 11);
  EXPECT_EQ(take(), 1);
  EXPECT_EQ(take(), 11);
  EXPECT_EQ(take(), 2);
  EXPECT_EQ(take(), 3);
  EXPECT_EQ(take(), 0);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST_F(ForwardQueueTest, WhenItIsFullTheOldestOfWhoHasMostGoes) {
  put(8, 50);
  for (uint8_t i = 1; i <= 12; ++i) put(7, i);
  EXPECT_EQ(queue.dropped_full(), 3u);
  EXPECT_LE(queue.bytes(), 1000u);
  EXPECT_EQ(take(), 50);
  EXPECT_EQ(take(), 4);
}

TEST_F(ForwardQueueTest, WhatWaitedTooLongIsDropped) {
  put(7, 1);
  now = now + milliseconds(10);
  put(7, 2);
  now = now + milliseconds(6);
  EXPECT_EQ(take(), 2);
  EXPECT_EQ(queue.dropped_stale(), 1u);
  EXPECT_EQ(pool.free_places(), 16u);
}

TEST_F(ForwardQueueTest, APacketThatIsTooLongIsDropped) {
  put(7, 1, 201);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.dropped_full(), 1u);
}

}  // namespace
}  // namespace cuttle::relay
