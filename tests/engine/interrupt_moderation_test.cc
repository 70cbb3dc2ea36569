#include "engine/interrupt_moderation.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

// So many lanes a second have something to read; each round reads what came since the one before it. The wait
// after a second of that.
Duration wait_at(InterruptModeration& moderation, int64_t arrivals_per_second, Instant& now) {
  const Duration gap{1'000'000'000 / arrivals_per_second};
  for (const Instant end = now + seconds(1); now < end;) {
    const Duration round = std::max(gap, moderation.wait());
    now = now + round;
    moderation.handle_arrivals(now, static_cast<size_t>(round.ns / gap.ns));
  }
  return moderation.wait();
}

TEST(InterruptModeration, waits_where_several_arrive_within_a_small_part_of_a_slot) {
  InterruptModeration moderation;
  Instant now{seconds(100).ns};
  moderation.set_shortest_slot(milliseconds(12));
  EXPECT_EQ(wait_at(moderation, 41'667, now), InterruptModeration::kLongest) << "500 links";
  EXPECT_EQ(wait_at(moderation, 833, now), Duration{0}) << "10 links: each at once";
  EXPECT_EQ(wait_at(moderation, 41'667, now), InterruptModeration::kLongest);
  EXPECT_EQ(wait_at(moderation, 100, now), Duration{0});
}

TEST(InterruptModeration, waits_no_longer_than_its_share_of_the_shortest_slot) {
  InterruptModeration moderation;
  Instant now{seconds(100).ns};
  moderation.set_shortest_slot(milliseconds(4));
  EXPECT_EQ(wait_at(moderation, 50'000, now), microseconds(250));
}

TEST(InterruptModeration, never_waits_where_slots_are_short) {
  InterruptModeration moderation;
  Instant now{seconds(100).ns};
  moderation.set_shortest_slot(milliseconds(1));
  EXPECT_EQ(wait_at(moderation, 100'000, now), Duration{0});
  moderation.set_shortest_slot(Duration{0});
  EXPECT_EQ(wait_at(moderation, 100'000, now), Duration{0});
}

}  // namespace
}  // namespace cuttle
