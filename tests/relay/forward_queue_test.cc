#include "relay/forward_queue.hh"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace cuttle::relay {
namespace {

class ForwardQueueTest : public ::testing::Test {
 protected:
  void put(Sources::Number source, uint8_t what, size_t bytes = 100) {
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

  ForwardQueueTest() {
    for (int i = 0; i < 80; ++i) sources.handle_join();
  }

  PacketPool pool{32, 200};
  Sources sources;
  ForwardQueue queue{pool, sources, 1000, milliseconds(15)};
  Instant now{1'000'000};
};

TEST_F(ForwardQueueTest, SourcesTakeTurns) {
  for (const int i : {1, 2, 3}) put(7, static_cast<uint8_t>(i));
  put(8, 11);
  EXPECT_EQ(take(), 1);
  EXPECT_EQ(take(), 2) << "a turn has as many bytes as the longest packet";
  EXPECT_EQ(take(), 11);
  EXPECT_EQ(take(), 3);
  EXPECT_EQ(take(), 0);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST_F(ForwardQueueTest, LongPacketsTakeNoMoreThanShortOnes) {
  size_t of_long = 0;
  size_t of_short = 0;
  for (int i = 0; i < 3000; ++i) {
    put(7, 1, 199);
    put(8, 2, 19);
    const auto packet = queue.poll_front(now);
    ASSERT_TRUE(packet);
    (packet->front() == 1 ? of_long : of_short) += packet->size();
    queue.handle_taken();
  }
  EXPECT_GT(of_short, 20'000u);
  EXPECT_LT(of_long > of_short ? of_long - of_short : of_short - of_long, 2 * 200u);
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
  EXPECT_EQ(pool.free_places(), 32u);
}

TEST_F(ForwardQueueTest, APacketThatIsTooLongIsDropped) {
  put(7, 1, 201);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.dropped_full(), 1u);
}

// Two that share a relay's pool: one sends short packets, of which many are few bytes, for nodes that take
// none.
class ForwardQueues : public ::testing::Test {
 protected:
  PacketPool pool{2048, 1596};
  Sources sources;
  const Sources::Number hostile = sources.handle_join();
  const Sources::Number other = sources.handle_join();
  const std::vector<uint8_t> packet = std::vector<uint8_t>(97);
  const Instant now{1'000'000};
};

TEST_F(ForwardQueues, NobodyKeepsTheOthersOutOfThePool) {
  ForwardQueue first(pool, sources, 1'000'000, milliseconds(15));
  ForwardQueue second(pool, sources, 1'000'000, milliseconds(15));
  for (int i = 0; i < 4000; ++i) first.handle_packet(now, hostile, packet);
  EXPECT_EQ(sources.places(hostile), 1024u) << "half of it";
  for (int i = 0; i < 100; ++i) second.handle_packet(now, other, packet);
  EXPECT_EQ(second.bytes(), 9700u);
  EXPECT_EQ(second.dropped_full(), 0u);
}

// Nor by many queues, as many as there can be.
TEST_F(ForwardQueues, WhoFillsManyQueuesHasNoMoreThanWhoFillsOne) {
  std::vector<std::unique_ptr<ForwardQueue>> queues;
  for (int i = 0; i < 1000; ++i) {
    queues.push_back(std::make_unique<ForwardQueue>(pool, sources, 1'000'000, milliseconds(15)));
  }
  for (int i = 0; i < 40; ++i) {
    for (const auto& queue : queues) queue->handle_packet(now, hostile, packet);
  }
  for (int i = 0; i < 100; ++i) queues.front()->handle_packet(now, other, packet);
  EXPECT_EQ(sources.places(other), 100u);
  EXPECT_EQ(sources.places(hostile), 1024u);
  queues.clear();
  EXPECT_EQ(pool.free_places(), 2048u);
}

TEST_F(ForwardQueueTest, WhoHasItsPartOfThePoolDropsItsOldest) {
  PacketPool small(8, 200);
  ForwardQueue queue_of_it(small, sources, 100'000, milliseconds(15));
  for (uint8_t i = 1; i <= 7; ++i) queue_of_it.handle_packet(now, 1, std::vector<uint8_t>(10, i));
  EXPECT_EQ(queue_of_it.dropped_full(), 3u);
  EXPECT_EQ(queue_of_it.poll_front(now)->front(), 4);
}

// However many have come and gone, those that wait have queues of their own.
TEST_F(ForwardQueueTest, WhoHasNothingWaitingTakesNoPlaceAmongThoseWhoTakeTurns) {
  for (Sources::Number source = 1; source <= 70; ++source) {
    put(source, 1);
    ASSERT_EQ(take(), 1);
  }
  for (const int i : {1, 2, 3}) put(71, static_cast<uint8_t>(i));
  put(72, 11);
  EXPECT_EQ(take(), 1);
  EXPECT_EQ(take(), 2);
  EXPECT_EQ(take(), 11);
}

TEST_F(ForwardQueueTest, ANumberIsGivenAnewOnceNothingOfItWaits) {
  put(5, 1);
  sources.handle_leave(5);
  sources.handle_leave(6);
  EXPECT_EQ(sources.handle_join(), 6u);
  EXPECT_EQ(sources.handle_join(), 81u);
  EXPECT_EQ(take(), 1);
  EXPECT_EQ(sources.handle_join(), 5u);
}

}  // namespace
}  // namespace cuttle::relay
