// Clocks that go on together, and clocks that part: suspended, restored, set, slewed.
#include "link/clock_watch.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

constexpr Duration kLook = milliseconds(50);

// The clocks of a machine, as a double.
struct Clocks {
  ClockReadings now{{5'000'000'000}, {9'000'000'000}, {1'700'000'000'000'000'000}};
  ClockWatch watch{now};

  void pass(Duration d) {
    now.monotonic = now.monotonic + d;
    now.boot_time = now.boot_time + d;
    now.wall_clock = now.wall_clock + d;
  }
  bool looks_restored(Duration since = kLook) {
    pass(since);
    return watch.handle_readings(now).has_value();
  }
};

TEST(ClockWatch, ClocksThatGoOnTogetherSayNothing) {
  Clocks clocks;
  for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(clocks.looks_restored());
  EXPECT_FALSE(clocks.looks_restored(seconds(3600))) << "kept from running: all of them went on";
}

TEST(ClockWatch, ASuspendedMachineIsSeenAndSaidOnce) {
  Clocks clocks;
  ASSERT_FALSE(clocks.looks_restored());
  clocks.now.boot_time = clocks.now.boot_time + seconds(30);
  clocks.now.wall_clock = clocks.now.wall_clock + seconds(30);
  EXPECT_TRUE(clocks.looks_restored());
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(clocks.looks_restored());
}

// A key's life is counted on the monotonic clock: it ends no later than this after it should.
TEST(ClockWatch, ShortSuspensionsAddUp) {
  Clocks clocks;
  Duration stood{};
  for (int i = 0; i < 1000; ++i) {
    clocks.now.boot_time = clocks.now.boot_time + milliseconds(1);
    stood = stood + milliseconds(1);
    if (clocks.looks_restored()) break;
  }
  EXPECT_EQ(stood, ClockWatch::kBootTimeStep);
}

// A snapshot's clocks go on from where they were; then somebody sets the wall clock.
TEST(ClockWatch, AWallClockThatIsSetAfterARestoreIsSeen) {
  for (const Duration step : {ClockWatch::kWallClockStep, seconds(60), seconds(-60), seconds(86'400 * 365)}) {
    Clocks clocks;
    ASSERT_FALSE(clocks.looks_restored());
    clocks.now.wall_clock = clocks.now.wall_clock + step;
    EXPECT_TRUE(clocks.looks_restored()) << step.ns;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(clocks.looks_restored());
  }
}

TEST(ClockWatch, ASlewedWallClockSaysNothing) {
  for (const int64_t parts_per_million : {500, -500, 83'333, -83'333}) {  // the kernel's most, and chrony's
    Clocks clocks;
    for (int i = 0; i < 20'000; ++i) {
      clocks.now.wall_clock = clocks.now.wall_clock + Duration{kLook.ns * parts_per_million / 1'000'000};
      ASSERT_FALSE(clocks.looks_restored()) << parts_per_million;
    }
  }
}

}  // namespace
}  // namespace cuttle
