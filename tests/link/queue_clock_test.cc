// The queue's clock against a model of the queue: what was meant to leave at an instant leaves at it.
#include "link/queue_clock.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bucket.hh"
#include "link/lead.hh"

namespace cuttle {
namespace {

constexpr uint32_t kCellFrame = 1472 + 42;

PauseTable table_of(uint64_t seed, uint32_t cell_frame = kCellFrame) {
  Draws draws(seed);
  auto table = PauseTable::draw(draws, cell_frame);
  EXPECT_TRUE(table.has_value());
  return std::move(*table);
}

// Hands over what is to leave at `instant`; returns when it does.
Instant hand_over(QueueClock& clock, Bucket& bucket, Instant instant, Instant now) {
  clock.handle_time(now);
  while (const auto level = clock.poll_pause(instant)) {
    bucket.put(clock.table().length(*level), now);
    clock.handle_pause(*level);
  }
  clock.handle_train(1);
  return bucket.put(QueueClock::kPacketCost, now);
}

TEST(QueueClock, TrainsHandedOverInTimeLeaveAtTheirInstantsForEver) {
  QueueClock clock(table_of(1));
  Bucket bucket;
  Random random(2);
  Instant instant{1'000'000'000};
  const Duration nearest = clock.table().length(0);
  for (int i = 0; i < 200'000; ++i) {
    instant = instant + Duration{static_cast<int64_t>(random.below(2'000'000))};
    const Instant now = instant - Duration{static_cast<int64_t>(random.below(1'000'000))};
    const Instant left = hand_over(clock, bucket, instant, now);
    ASSERT_LE(left, instant + nanoseconds(1)) << i;
    ASSERT_GE(left, instant - nearest) << i << ": no error adds up";
    ASSERT_EQ(left, std::max(clock.end(), now)) << "the clock knows what the bucket does";
  }
}

TEST(QueueClock, ALateOneLeavesAtOnceAndThoseBehindItOnTime) {
  QueueClock clock(table_of(1));
  Bucket bucket;
  Instant instant{1'000'000'000};
  hand_over(clock, bucket, instant, instant - milliseconds(1));
  for (const int64_t late_ms : {1, 20, 100, 200, 1000}) {
    instant = instant + milliseconds(late_ms);
    const Instant late = instant + milliseconds(late_ms);
    EXPECT_EQ(hand_over(clock, bucket, instant, late), late) << late_ms;
    instant = late + milliseconds(2);
    const Instant left = hand_over(clock, bucket, instant, instant - milliseconds(1));
    EXPECT_LE(left, instant + nanoseconds(10)) << late_ms;
    EXPECT_GE(left, instant - clock.table().length(0)) << late_ms;
  }
}

TEST(QueueClock, ANewQueueBeginsFull) {
  QueueClock clock(table_of(1));
  Bucket first;
  Instant instant{1'000'000'000};
  for (int i = 0; i < 1000; ++i)
    hand_over(clock, first, instant = instant + milliseconds(1), instant - milliseconds(2));
  Bucket second;
  clock.handle_fresh(instant);
  instant = instant + milliseconds(3);
  EXPECT_GE(hand_over(clock, second, instant, instant - milliseconds(1)), instant - clock.table().length(0));
}

TEST(PauseTable, LengthsAreIrregularAscendAndAreSecret) {
  const PauseTable a = table_of(1);
  const PauseTable b = table_of(2);
  int same = 0;
  for (size_t i = 1; i < a.levels(); ++i) {
    EXPECT_GT(a.length(i), a.length(i - 1));
    same += a.length(i) == b.length(i) ? 1 : 0;
  }
  EXPECT_LT(same, static_cast<int>(a.levels()) / 2);
  EXPECT_GT(a.length(a.levels() - 1), milliseconds(60));
}

TEST(PauseTable, CostsStandWhereThePausesFramesFallAndNowhereElse) {
  const PauseTable table = table_of(1);
  const std::vector<uint16_t> costs = table.costs(66000);
  std::vector<int64_t> expected(costs.size(), 0);
  for (size_t i = 0; i < table.levels(); ++i) {
    ASSERT_LT(table.frame_bytes(i), kCellFrame) << "no pause is as long as a cell";
    expected[table.frame_bytes(i) / PauseTable::kBytesPerStep] = table.length(i).ns >> PauseTable::kUnitLog2;
  }
  for (size_t i = 0; i < costs.size(); ++i) EXPECT_EQ(costs[i], expected[i]) << i;
  EXPECT_EQ(costs[kCellFrame / PauseTable::kBytesPerStep], 0);
}

TEST(PauseTable, NeedsCellsThatAreLongerThanItsPauses) {
  Draws draws(1);
  EXPECT_FALSE(PauseTable::draw(draws, 120).has_value());
  EXPECT_TRUE(PauseTable::draw(draws, 256 + 42).has_value());
}

TEST(Lead, FollowsWhatIsSeldomExceeded) {
  Lead lead;
  Random random(3);
  for (int i = 0; i < 200'000; ++i)
    lead.handle_wake_up(microseconds(20 + static_cast<int64_t>(random.below(60))), microseconds(5));
  EXPECT_EQ(lead.now(), Lead::kMin) << "a quiet host waits no longer than it must";
  for (int i = 0; i < 50; ++i) lead.handle_wake_up(milliseconds(1), microseconds(5));
  EXPECT_GT(lead.now(), milliseconds(1));
  for (int i = 0; i < 100; ++i) lead.handle_wake_up(milliseconds(50), microseconds(5));
  EXPECT_EQ(lead.now(), Lead::kMax);
  for (int i = 0; i < 200'000; ++i) lead.handle_wake_up(microseconds(30), microseconds(5));
  EXPECT_EQ(lead.now(), Lead::kMin) << "and forgets";
}

// One release in some thousands comes late to the queue, whether the host is often late or seldom.
TEST(Lead, IsExceededAsOftenOnABusyHost) {
  const auto exceeded = [](int64_t scale_us) {
    Lead lead;
    Random random(4);
    int more = 0;
    for (int i = 0; i < 400'000; ++i) {
      const double tail = std::pow(1 - random.unit(), -1 / 1.5);  // Pareto
      const Duration late{static_cast<int64_t>(1000.0 * static_cast<double>(scale_us) * tail)};
      if (i > 50'000 && late > lead.now()) ++more;
      lead.handle_wake_up(std::min(late, milliseconds(20)), microseconds(5));
    }
    return 350'000 / more;
  };
  for (const int64_t scale_us : {10, 20}) {
    EXPECT_GT(exceeded(scale_us), 600) << scale_us;
    EXPECT_LT(exceeded(scale_us), 2'500) << scale_us;
  }
}

TEST(Lead, StaysWhatAnOperatorSays) {
  Lead lead(milliseconds(3));
  for (int i = 0; i < 1000; ++i) lead.handle_wake_up(milliseconds(50), {});
  EXPECT_EQ(lead.now(), milliseconds(3));
}

}  // namespace
}  // namespace cuttle
