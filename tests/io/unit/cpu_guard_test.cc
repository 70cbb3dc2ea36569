#include "io/cpu_guard.hh"

#include <gtest/gtest.h>

#include "io/clock.hh"

namespace cuttle {
namespace {

TEST(CpuGuard, rests_after_a_window_without_a_wait) {
  CpuGuard guard;
  Instant now{seconds(5).ns};
  EXPECT_TRUE(guard.is_due(now));
  EXPECT_EQ(guard.handle_window(now, milliseconds(1)).ns, 0);
  now = now + CpuGuard::kWindow - nanoseconds(1);
  EXPECT_FALSE(guard.is_due(now));
  now = now + nanoseconds(1);
  EXPECT_TRUE(guard.is_due(now));
  EXPECT_EQ(guard.handle_window(now, milliseconds(1 + 19)), CpuGuard::kRest);
  now = now + CpuGuard::kWindow;
  EXPECT_EQ(guard.handle_window(now, milliseconds(20 + 17)).ns, 0) << "it has waited";
}

TEST(CpuGuard, leaves_others_a_twentieth_at_the_least) {
  EXPECT_GE(CpuGuard::kRest * 21, CpuGuard::kWindow);
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
