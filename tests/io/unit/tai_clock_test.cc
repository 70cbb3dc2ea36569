// Instants in TAI, while somebody sets the clock and the thread is kept from running between two readings.
#include "io/tai_clock.hh"

#include <gtest/gtest.h>

#include "io/clock.hh"

namespace cuttle {
namespace {

constexpr int64_t kSecond_ns = 1'000'000'000;

// What the double's clocks say next.
struct Clocks {
  Instant now{};
  int64_t ahead_ns = 0;
  Duration between{};  // two readings
  int held_up = 0;     // so many readings from now on take a millisecond
} clocks;

TaiReading read_double() {
  const Duration between = clocks.held_up-- > 0 ? milliseconds(1) : clocks.between;
  TaiReading reading{.before = clocks.now};
  reading.tai_ns = clocks.now.ns + between.ns / 2 + clocks.ahead_ns;
  clocks.now = clocks.now + between;
  reading.after = clocks.now;
  return reading;
}

class TaiClockTest : public ::testing::Test {
 protected:
  TaiClockTest() { clocks = {.now = {kSecond_ns}, .ahead_ns = 37 * kSecond_ns, .between = nanoseconds(80)}; }
  int64_t ahead(TaiClock& clock) {
    const Instant instant = clocks.now + seconds(5);
    return static_cast<int64_t>(clock.at(instant)) - instant.ns;
  }
};

TEST_F(TaiClockTest, IsAheadByAConstant) {
  TaiClock clock(read_double);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(ahead(clock), 37 * kSecond_ns);
    clocks.now = clocks.now + microseconds(i);
  }
}

TEST_F(TaiClockTest, AStepIsNoticedAtTheNextTrain) {
  TaiClock clock(read_double);
  EXPECT_EQ(ahead(clock), 37 * kSecond_ns);
  for (const int64_t step_ns : {kSecond_ns, -3600 * kSecond_ns, int64_t{20'000}, int64_t{-2000}}) {
    clocks.ahead_ns += step_ns;
    EXPECT_EQ(ahead(clock), clocks.ahead_ns) << step_ns;
  }
}

TEST_F(TaiClockTest, BeingHeldUpBetweenTwoReadingsIsNoStep) {
  TaiClock clock(read_double);
  EXPECT_EQ(ahead(clock), 37 * kSecond_ns);
  clocks.held_up = 1;
  EXPECT_EQ(ahead(clock), 37 * kSecond_ns);
  // Nor does it make the next look inexact.
  clocks.ahead_ns += kSecond_ns;
  clocks.held_up = 4;
  EXPECT_EQ(ahead(clock), 38 * kSecond_ns);
}

TEST_F(TaiClockTest, TheMachinesOwn) {
  TaiClock clock;
  const TaiReading now = read_tai();
  EXPECT_NEAR(static_cast<double>(static_cast<int64_t>(clock.at(now.before)) - now.tai_ns), 0, 5e6);
}

}  // namespace
}  // namespace cuttle
