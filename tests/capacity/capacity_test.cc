// What links cost a machine, and that a machine can be measured.
#include <gmock/gmock.h>

#include "capacity/measure_host.hh"

namespace cuttle::capacity {
namespace {

using testing::HasSubstr;

// `cells` in each slot of a millisecond, in one train.
SlotPlan plan_of(uint32_t cells) {
  SlotPlan plan{};
  EXPECT_TRUE(plan_slots(
      {.cell_bytes = 1472, .rate_bps = uint64_t{cells} * 1500 * 8 * 1000, .slot = milliseconds(1)}, plan));
  EXPECT_EQ(plan.cells_per_slot, cells);
  return plan;
}

constexpr HostCosts kCosts{.wake_up = microseconds(10),
                           .train = microseconds(5),
                           .cell = nanoseconds(500),
                           .seal_and_open = nanoseconds(250),
                           .late = microseconds(40),
                           .late_p99 = microseconds(300),
                           .cpus = 2};

TEST(Cores, AThousandTrainsASecondAndWhatIsInThem) {
  ASSERT_EQ(plan_of(20).releases_per_slot(), 1u);
  // 1,000 times two wake-ups and a train, and 20,000 cells.
  EXPECT_NEAR(cores_of_lane(kCosts, plan_of(20)), 1000 * 25e-6 + 20'000 * 750e-9, 1e-6);
  EXPECT_GT(cores_of_lane(kCosts, plan_of(40)), cores_of_lane(kCosts, plan_of(20)));
  EXPECT_GT(cores_of_full_lane(kCosts, plan_of(20)), cores_of_lane(kCosts, plan_of(20)));
}

TEST(Cores, InWords) {
  EXPECT_EQ(to_string(kCosts),
            "a wake-up takes 10 us and is 40 us late (300 us at p99), a train 5.0 us and 0.5 us a cell, "
            "sealing and "
            "opening 0.2 us a cell");
}

// Wide bounds: this machine may be any.
TEST(MeasureHost, WhatItFindsIsPossible) {
  const auto costs = measure_host(best_aead_backend(), 1472);
  ASSERT_TRUE(costs) << costs.error().message;
  for (const Duration cost : {costs->wake_up, costs->train, costs->seal_and_open, costs->late}) {
    EXPECT_GT(cost, Duration{0});
    EXPECT_LT(cost, milliseconds(100));
  }
  EXPECT_GE(costs->cell, Duration{0});
  EXPECT_LE(costs->late, costs->late_p99);
  EXPECT_GE(costs->cpus, 1u);
}

// Twice as much work is twice as dear, whichever machine it is.
TEST(MeasureHost, LargerCellsCostMore) {
  const auto small = measure_host(best_aead_backend(), 256);
  const auto large = measure_host(best_aead_backend(), 8972);
  ASSERT_TRUE(small && large);
  EXPECT_GT(large->seal_and_open, small->seal_and_open);
}

}  // namespace
}  // namespace cuttle::capacity
