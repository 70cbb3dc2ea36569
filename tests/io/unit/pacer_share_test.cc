#include "io/pacer_share.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace cuttle {
namespace {

// A pacer on a CPU of its own, in steps of 100 us.
struct Pacing {
  PacerShare share{60};
  Instant now{seconds(5).ns};
  Duration used{};
  Duration rested{};
  Duration longest_rest{};

  Pacing() { (void)share.handle_window(now, used, now); }

  // For so long, at work for so much of each step, and so late.
  void run(Duration length, Duration work, Duration late) {
    const Instant end = now + length;
    while (now < end) {
      now = now + microseconds(100);
      used = used + work;
      if (!share.is_due(now)) continue;
      const Duration rest = share.handle_window(now, used, now - late);
      now = now + rest;
      rested = rested + rest;
      longest_rest = std::max(longest_rest, rest);
    }
  }
};

TEST(PacerShare, one_that_keeps_its_schedule_takes_what_that_takes) {
  Pacing pacing;
  pacing.run(seconds(1), microseconds(100), PacerShare::kBehind);
  EXPECT_EQ(pacing.rested.ns, 0);
}

TEST(PacerShare, one_that_is_behind_leaves_others_theirs) {
  Pacing pacing;
  pacing.run(seconds(1), microseconds(100), milliseconds(11));
  EXPECT_NEAR(static_cast<double>(pacing.used.ns) / 1e9, 0.6, 0.02);
}

TEST(PacerShare, one_that_is_behind_and_waits_as_well_does_not_rest) {
  Pacing pacing;
  pacing.run(seconds(1), microseconds(50), milliseconds(11));
  EXPECT_EQ(pacing.rested.ns, 0);
}

// However long it was at work before.
TEST(PacerShare, one_late_moment_costs_no_more_than_the_schedule_makes_up_for) {
  for (const int64_t work_us : {65, 80, 100}) {
    Pacing pacing;
    pacing.run(seconds(60), microseconds(work_us), Duration{});
    EXPECT_EQ(pacing.rested.ns, 0);
    pacing.run(seconds(60), microseconds(work_us), milliseconds(11));
    EXPECT_LE(pacing.longest_rest, milliseconds(100));
  }
}

}  // namespace
}  // namespace cuttle
