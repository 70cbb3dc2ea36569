#include "io/cpu_throttle.hh"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/clock.hh"

namespace cuttle {
namespace {

TEST(CpuThrottle, rests_until_the_share_is_kept) {
  CpuThrottle throttle(milliseconds(20), 80);
  Instant now{seconds(5).ns};
  EXPECT_TRUE(throttle.is_due(now));
  EXPECT_EQ(throttle.handle_window(now, milliseconds(1)).ns, 0);
  now = now + milliseconds(20) - nanoseconds(1);
  EXPECT_FALSE(throttle.is_due(now));
  now = now + nanoseconds(1);
  EXPECT_TRUE(throttle.is_due(now));
  EXPECT_EQ(throttle.handle_window(now, milliseconds(1 + 20)), milliseconds(5));
  now = now + milliseconds(5 + 20);
  EXPECT_TRUE(throttle.is_due(now)) << "a window begins after the rest";
  EXPECT_EQ(throttle.handle_window(now, milliseconds(21 + 16)).ns, 0) << "it has waited";
}

// Whatever the share, over many windows in which there is always work.
TEST(CpuThrottle, keeps_to_its_share) {
  for (const int percent : {5, 50, 60, 95, 99}) {
    CpuThrottle throttle(milliseconds(4), percent);
    Instant now{seconds(5).ns};
    Duration used{};
    (void)throttle.handle_window(now, used);
    const Instant began = now;
    for (int i = 0; i < 1000; ++i) {
      used = used + microseconds(100 + i % 7);
      now = now + microseconds(100 + i % 7);
      if (throttle.is_due(now)) now = now + throttle.handle_window(now, used);
    }
    EXPECT_NEAR(static_cast<double>(used.ns) / static_cast<double>((now - began).ns), percent / 100.0, 0.02);
  }
}

// As a reactor that paces and packs while it does not receive: pauses do not add up.
TEST(CpuThrottle, pauses_do_not_grow_where_other_work_goes_on) {
  CpuThrottle throttle(milliseconds(20), 95);
  Instant now{seconds(5).ns};
  Duration used{};
  (void)throttle.handle_window(now, used);
  Duration longest{};
  for (int i = 0; i < 60'000; ++i) {
    now = now + milliseconds(1);
    used = used + milliseconds(1);
    if (throttle.is_due(now)) longest = std::max(longest, throttle.handle_window(now, used));
  }
  EXPECT_GT(longest.ns, 0);
  EXPECT_LE(longest, milliseconds(24));
}

TEST(ThreadUse, counts_work_and_waits) {
  const MonotonicClock clock;
  const Duration before = thread_use().cpu;
  while (thread_use().cpu - before < milliseconds(2)) {
  }
  const Duration worked = thread_use().cpu - before;
  const Instant slept = clock.now();
  const ThreadUse at_sleep = thread_use();
  clock.sleep_until(slept + milliseconds(50));
  EXPECT_GE(worked, milliseconds(2));
  EXPECT_LT(thread_use().cpu - at_sleep.cpu, milliseconds(50)) << "asleep is not at work";
  EXPECT_GT(thread_use().waits, at_sleep.waits);
}

}  // namespace
}  // namespace cuttle
