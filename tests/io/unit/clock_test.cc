#include "io/clock.hh"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "io/entropy.hh"

namespace cuttle {
namespace {

TEST(MonotonicClock, never_wakes_early) {
  const MonotonicClock clock;
  for (int i = 1; i <= 20; ++i) {
    const Instant when = clock.now() + microseconds(100 * i);
    clock.sleep_until(when);
    EXPECT_GE(clock.now(), when);
  }
}

TEST(MonotonicClock, polls_up_to_the_instant) {
  const MonotonicClock clock;
  const Instant when = clock.now() + microseconds(500);
  clock.poll_until(when);
  EXPECT_GE(clock.now(), when);
}

TEST(MonotonicClock, returns_at_once_when_the_time_has_passed) {
  const MonotonicClock clock;
  const Instant before = clock.now();
  clock.sleep_until(before - seconds(5));
  clock.sleep_until({0});
  clock.poll_until({0});
  EXPECT_LT((clock.now() - before).ns, seconds(1).ns);
}

TEST(WallClock, counts_from_1970) {
  EXPECT_GT(wall_clock_ns(), 1'700'000'000'000'000'000u);
}

TEST(Entropy, fills_every_byte_and_never_twice_the_same) {
  std::set<std::array<uint8_t, 32>> drawn;
  for (int i = 0; i < 100; ++i) {
    std::array<uint8_t, 32> bytes{};
    fill_with_entropy(bytes);
    drawn.insert(bytes);
  }
  EXPECT_EQ(drawn.size(), 100u);
  std::array<uint8_t, 10'000> many{};
  fill_with_entropy(many);
  std::set<uint8_t> end(many.end() - 1000, many.end());
  EXPECT_GT(end.size(), 200u);
}

}  // namespace
}  // namespace cuttle
