// The schedule: exact over many slots, jitter within its bounds, missed slots left out.
#include "link/schedule.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "link/spread.hh"
#include "wire/cell.hh"

namespace cuttle {
namespace {

SlotPlan plan_of(uint64_t rate_bps, Duration slot, uint32_t cell_bytes = 1472, uint32_t jitter_percent = 0,
                 uint32_t lanes = 1) {
  SlotPlan plan{};
  EXPECT_TRUE(plan_slots({.cell_bytes = cell_bytes,
                          .rate_bps = rate_bps,
                          .slot = slot,
                          .jitter_percent = jitter_percent,
                          .lanes = lanes},
                         plan))
      << rate_bps << " " << slot.ns;
  return plan;
}

TEST(Schedule, NoErrorAddsUpOverTenMillionSlots) {
  for (const uint64_t rate_bps : {999'999'937ull, 7'777'777ull, 123'456'789ull, 12'000'000'011ull}) {
    const SlotPlan plan = plan_of(rate_bps, microseconds(200));
    const Instant epoch{1'234'567'890'123};
    Schedule schedule(plan, epoch, 1);
    constexpr uint64_t kSlots = 10'000'000;
    Instant before = schedule.slot_start();
    for (uint64_t slot = 1; slot <= kSlots; ++slot) {
      schedule.advance();
      const Duration gap = schedule.slot_start() - before;
      ASSERT_GE(gap, plan.period());
      ASSERT_LE(gap, plan.period() + nanoseconds(1));
      before = schedule.slot_start();
    }
    ASSERT_EQ(schedule.slot_number(), kSlots);
    // Bits released in that time, in 128-bit integers: within one nanosecond of what the rate asks for.
    using Wide = unsigned __int128;
    const Wide bits = Wide{kSlots} * plan.cells_per_slot * (1472 + 28) * 8;
    const auto exact_ns = static_cast<int64_t>(bits * 1'000'000'000 / rate_bps);
    EXPECT_EQ((schedule.slot_start() - epoch).ns, exact_ns) << rate_bps;
  }
}

// One that begins to run long after its epoch is where it would be had it run all the time, and at once.
RC_GTEST_PROP(Schedule, AnEpochLongAgoMakesNoDifference, ()) {
  const SlotPlan plan = plan_of(*rc::gen::inRange<uint64_t>(100'000'000, 1'000'000'000), microseconds(100));
  const auto late_ns = *rc::gen::inRange<int64_t>(0, 40'000'000);
  Schedule runs(plan, Instant{1'000}, 1);
  while (runs.deadline() + plan.period() <= Instant{late_ns}) runs.advance();
  Schedule starts(plan, Instant{late_ns}, 1);
  starts.handle_epoch({1'000});
  starts.skip_missed({late_ns});
  RC_ASSERT(starts.deadline() == runs.deadline());
  RC_ASSERT(starts.slot_number() == runs.slot_number());
}

RC_GTEST_PROP(Schedule, APlanCarriesExactlyTheRate, ()) {
  const auto rate_bps = *rc::gen::inRange<uint64_t>(20'000, 40'000'000'000);
  const auto slot_ns = *rc::gen::inRange<int64_t>(20'000, 20'000'000);
  const uint32_t cell_bytes = 4 * *rc::gen::inRange<uint32_t>(64, 2243);
  const auto lanes = *rc::gen::inRange<uint32_t>(1, 33);
  const bool is_v6 = *rc::gen::arbitrary<bool>();
  const ShapeRequest request{cell_bytes, is_v6, rate_bps, {slot_ns}, 0, lanes};
  SlotPlan plan{};
  if (!plan_slots(request, plan)) {
    RC_SUCCEED("no such plan");
  }
  RC_ASSERT(plan.cells_per_slot >= 1 && plan.cells_per_slot <= kMaxCellsPerSlot);
  // cells * bits * lanes / period == rate, as fractions of integers.
  using Wide = unsigned __int128;
  const Wide bits = Wide{plan.cells_per_slot} * (cell_bytes + (is_v6 ? 48 : 28)) * 8 * lanes;
  RC_ASSERT(bits * 1'000'000'000 * plan.period_denominator == Wide{rate_bps} * plan.period_numerator);
  // It is the nearest that carries whole cells: half a cell away from the wish at the most.
  const double wished = static_cast<double>(slot_ns);
  const double one_cell = static_cast<double>(plan.period_numerator) /
                          static_cast<double>(plan.period_denominator) / plan.cells_per_slot;
  const double period = one_cell * plan.cells_per_slot;
  RC_ASSERT(plan.cells_per_slot == 1 || std::abs(period - wished) <= one_cell * 0.5 + 1);
}

TEST(Schedule, WhatNoSlotCanCarryIsRefused) {
  SlotPlan plan{.cells_per_slot = 77, .period_numerator = 1, .period_denominator = 1, .jitter = {0}};
  const ShapeRequest good{.cell_bytes = 1472, .rate_bps = 100'000'000, .slot = milliseconds(1)};
  for (const auto& spoil : std::initializer_list<void (*)(ShapeRequest&)>{
           [](ShapeRequest& r) { r.rate_bps = 0; }, [](ShapeRequest& r) { r.rate_bps = 1; },
           [](ShapeRequest& r) { r.rate_bps = 1'000'000'000'001; },
           [](ShapeRequest& r) { r.rate_bps = 100'000'000'000; },  // more than 256 cells
           [](ShapeRequest& r) { r.slot = {0}; }, [](ShapeRequest& r) { r.slot = seconds(2); },
           [](ShapeRequest& r) { r.slot = {-1}; }, [](ShapeRequest& r) { r.lanes = 0; },
           [](ShapeRequest& r) { r.jitter_percent = 101; }}) {
    ShapeRequest request = good;
    spoil(request);
    EXPECT_FALSE(plan_slots(request, plan));
    EXPECT_EQ(plan.cells_per_slot, 77u) << "an impossible request leaves the plan alone";
  }
  EXPECT_TRUE(plan_slots(good, plan));
}

TEST(Schedule, JitterStaysInItsShareOfTheSlotAndFillsIt) {
  const SlotPlan plan = plan_of(12'000'000, milliseconds(1), 1472, 60);  // one cell, one release
  Schedule schedule(plan, Instant{0}, 42);
  constexpr int kBuckets = 20;
  int64_t seen[kBuckets] = {};
  constexpr int kSlots = 200'000;
  for (int i = 0; i < kSlots; ++i) {
    const Duration offset = schedule.deadline() - schedule.slot_start();
    ASSERT_GE(offset.ns, 0);
    ASSERT_LT(offset.ns, plan.jitter.ns);
    ++seen[offset.ns * kBuckets / plan.jitter.ns];
    schedule.advance();
  }
  for (const int64_t count : seen) EXPECT_NEAR(static_cast<double>(count), kSlots / kBuckets, 600);
}

SlotPlan scattered(uint64_t rate_bps, Duration slot, uint32_t jitter_percent = 0) {
  SlotPlan plan{};
  EXPECT_TRUE(plan_slots({.cell_bytes = 1472,
                          .rate_bps = rate_bps,
                          .slot = slot,
                          .jitter_percent = jitter_percent,
                          .scatter = true},
                         plan));
  return plan;
}

TEST(Schedule, ScatteredCellsFillTheSlotAndKeepTheirDistance) {
  for (const uint32_t jitter_percent : {0u, 50u}) {
    const SlotPlan plan = scattered(9'600'000, milliseconds(10), jitter_percent);
    ASSERT_EQ(plan.cells_per_slot, 8u);
    ASSERT_EQ(plan.cells_per_release(), 1u);
    Schedule schedule(plan, Instant{0}, 42);
    constexpr int kBuckets = 10;
    constexpr int kSlots = 50'000;
    const int64_t width_ns = jitter_percent == 0 ? 10'000'000 : 5'000'000;
    double seen[kBuckets] = {};
    const Duration distance = std::min(kSpreadDistance, Duration{width_ns / 16});
    Instant before = schedule.deadline() - distance;
    for (int i = 0; i < kSlots * 8; ++i) {
      ASSERT_EQ(schedule.slot_number(), static_cast<uint64_t>(i / 8));
      ASSERT_GE(schedule.deadline() - before, distance);
      const Duration offset = schedule.deadline() - schedule.slot_start();
      ASSERT_LT(offset.ns, width_ns);
      seen[offset.ns * kBuckets / width_ns] += 1;
      before = schedule.deadline();
      schedule.advance();
    }
    for (const double count : seen) EXPECT_NEAR(count / (kSlots * 8), 1.0 / kBuckets, 0.04);
  }
}

// The lengths of gaps have no lower edge: half as long is a quarter as frequent.
TEST(Schedule, ShortGapsBetweenScatteredCellsAreTheRarerTheShorter) {
  const SlotPlan plan = scattered(24'000'000, milliseconds(4));  // eight cells
  Schedule schedule(plan, Instant{0}, 3);
  int within_40us = 0;
  int within_80us = 0;
  int within_160us = 0;
  constexpr int kGaps = 800'000;
  for (int i = 0; i < kGaps; ++i) {
    const Instant before = schedule.deadline();
    schedule.advance();
    const Duration gap = schedule.deadline() - before - kSpreadDistance;
    within_40us += gap < microseconds(40) ? 1 : 0;
    within_80us += gap < microseconds(80) ? 1 : 0;
    within_160us += gap < microseconds(160) ? 1 : 0;
  }
  EXPECT_GT(within_40us, kGaps / 200);
  EXPECT_NEAR(static_cast<double>(within_80us) / within_40us, 4, 0.6);
  EXPECT_NEAR(static_cast<double>(within_160us) / within_80us, 4, 0.8);
}

TEST(Schedule, ScatteringWithoutRoomForTheDistanceKeepsTheOrder) {
  const SlotPlan plan = scattered(10'000'000'000, microseconds(200));
  Schedule schedule(plan, Instant{0}, 7);
  Instant before{-1};
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_GT(schedule.deadline(), before);
    before = schedule.deadline();
    schedule.advance();
  }
}

TEST(Schedule, MissedReleasesOfScatteredSlotsAreCountedOneByOne) {
  const SlotPlan plan = scattered(48'000'000, milliseconds(1));  // four cells a millisecond
  for (const int64_t late_ms : {5, 4000}) {
    Schedule schedule(plan, Instant{0}, 1);
    schedule.advance();
    const Instant now{late_ms * 1'000'000};
    const uint64_t missed = schedule.skip_missed(now);
    // So many releases before the one it stands at.
    uint64_t left_out = 0;
    Schedule counting(plan, Instant{0}, 1);
    counting.advance();
    while (counting.slot_number() < schedule.slot_number()) {
      counting.advance();
      ++left_out;
    }
    EXPECT_GE(missed, left_out);
    EXPECT_LT(missed, left_out + 4);
    EXPECT_LT(now, schedule.deadline() + plan.period());
  }
}

// A late cell takes the rest of its slot along: what follows it is no nearer than it was drawn.
TEST(Schedule, ALateCellDoesNotShortenTheGapBehindIt) {
  const SlotPlan plan = scattered(24'000'000, milliseconds(4));  // eight cells
  Random random(9);
  int shortened = 0;
  constexpr int kReleases = 400'000;
  Schedule as_drawn(plan, Instant{0}, 3);
  Schedule schedule(plan, Instant{0}, 3);
  for (int i = 0; i < kReleases; ++i) {
    ASSERT_EQ(schedule.slot_number(), static_cast<uint64_t>(i / 8));
    ASSERT_LT(schedule.deadline() - schedule.slot_start(), plan.jitter);
    const Duration late = random.chance(0.05) ? microseconds(60) : Duration{0};
    const Instant left = schedule.deadline() + late;
    const Instant drawn = as_drawn.deadline();
    schedule.handle_late(late);
    schedule.advance();
    as_drawn.advance();
    const bool same_slot = i % 8 != 7;  // the next slot's draw knows nothing of it
    if (same_slot && schedule.deadline() - left < as_drawn.deadline() - drawn) ++shortened;
  }
  // Only where a slot has no room left; one in twenty is late.
  EXPECT_LT(shortened, kReleases / 100);
  EXPECT_GT(shortened, 0);
}

TEST(Schedule, OnlyScatteredReleasesMoveWithALateOne) {
  const SlotPlan plan = plan_of(12'000'000, milliseconds(1), 1472, 60);
  Schedule late(plan, Instant{0}, 1);
  Schedule punctual(plan, Instant{0}, 1);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(late.deadline(), punctual.deadline());
    late.handle_late(microseconds(300));
    late.advance();
    punctual.advance();
  }
}

TEST(Schedule, OneSeedOneSchedule) {
  const SlotPlan plan = plan_of(100'000'000, milliseconds(1), 1472, 100);
  Schedule a(plan, Instant{0}, 1);
  Schedule b(plan, Instant{0}, 1);
  Schedule c(plan, Instant{0}, 2);
  int same = 0;
  Instant before{-1};
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(a.deadline(), b.deadline());
    ASSERT_GT(a.deadline(), before) << "releases keep their order even with a draw over the whole slot";
    before = a.deadline();
    same += a.deadline() == c.deadline() ? 1 : 0;
    a.advance();
    b.advance();
    c.advance();
  }
  EXPECT_LT(same, 10);
}

TEST(Schedule, WithoutJitterADeadlineIsTheSlotsBeginning) {
  Schedule schedule(plan_of(100'000'000, milliseconds(1)), Instant{5}, 42);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(schedule.deadline(), schedule.slot_start());
    schedule.advance();
  }
}

RC_GTEST_PROP(Schedule, MissedSlotsAreLeftOutAndCounted, (uint64_t seed)) {
  Random random(seed);
  // One cell a slot, so one release.
  const uint64_t rate_bps = 5'000'000 + random.below(100'000'000);
  const SlotPlan plan = plan_of(rate_bps, Duration{static_cast<int64_t>(12'000'000'000'000 / rate_bps)}, 1472,
                                static_cast<uint32_t>(random.below(101)));
  Schedule schedule(plan, Instant{0}, seed);
  Instant now{0};
  for (int i = 0; i < 200; ++i) {
    // Mostly in time, sometimes some slots late, sometimes seconds (a suspended machine).
    const uint64_t kind = random.below(10);
    const int64_t late_ns = kind < 6   ? static_cast<int64_t>(random.below(1000))
                            : kind < 9 ? static_cast<int64_t>(random.below(20 * plan.period().ns))
                                       : static_cast<int64_t>(random.below(5'000'000'000));
    now = std::max(now, schedule.deadline() + Duration{late_ns});
    const uint64_t slot = schedule.slot_number();
    schedule.advance();
    const uint64_t missed = schedule.skip_missed(now);
    RC_ASSERT(schedule.slot_number() == slot + 1 + missed);
    RC_ASSERT(now < schedule.deadline() + plan.period());
    if (missed == 0) continue;
    // The one before it was indeed a whole period late: nothing was left out in vain.
    RC_ASSERT(schedule.slot_start() <= now + plan.jitter);
  }
}

// What a plain counter sees: as many releases as slots, whatever the pauses, and none nearer to the one
// before than the least distance, unless it was drawn so.
RC_GTEST_PROP(Schedule, PausesAreCaughtUpToTheLastRelease, (uint64_t seed)) {
  Random random(seed);
  const SlotPlan plan = plan_of(100'000'000 + random.below(2'000'000'000),
                                microseconds(250 + static_cast<int64_t>(random.below(1000))), 1472,
                                static_cast<uint32_t>(random.below(101)));
  Schedule schedule(plan, Instant{0}, seed);
  const Duration min = plan.period() / plan.releases_per_slot() / 2;
  uint64_t releases = 0;
  Instant now{0};
  const Instant end{2'000'000'000};
  for (bool behind = false; schedule.deadline() < end; ++releases) {
    if (behind) RC_ASSERT(schedule.deadline() - now >= min);
    const bool pauses = random.chance(0.002);
    now = schedule.deadline() +
          (pauses ? Duration{static_cast<int64_t>(random.below(20'000'000))} : Duration{});
    const auto aftermath = schedule.handle_released(now);
    RC_ASSERT(aftermath.left_out == 0u);
    behind = aftermath.behind;
  }
  const uint64_t due = static_cast<uint64_t>(end.ns) * plan.period_denominator / plan.period_numerator *
                       plan.releases_per_slot();
  // What is still behind at the end, and the slot under way.
  const auto behind_ns = std::max<int64_t>(0, now.ns - schedule.drawn().ns);
  const auto still_due = static_cast<uint64_t>(behind_ns / plan.period().ns + 2) * plan.releases_per_slot();
  RC_ASSERT(releases + still_due >= due);
  RC_ASSERT(releases <= due + plan.releases_per_slot());
}

// A train is what at most three calls send; they are so many, of one length, and each has an instant of its
// own.
TEST(Schedule, ManyCellsLeaveInSeveralTrainsOfOneLength) {
  const SlotPlan plan = plan_of(2'000'000'000, milliseconds(1), 1472, 100);
  EXPECT_EQ(plan.releases_per_slot(), 2u);
  EXPECT_EQ(plan_of(200'000'000, milliseconds(1), 1472, 100).releases_per_slot(), 2u);
  EXPECT_EQ(plan.cells_per_release() * plan.releases_per_slot(), plan.cells_per_slot);
  EXPECT_LE(plan.cells_per_release(), 3 * max_cells_per_call(1472));
  Schedule schedule(plan, Instant{0}, 1);
  Instant before{-1};
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(schedule.slot_number(), static_cast<uint64_t>(i / 2));
    ASSERT_GT(schedule.deadline(), before);
    before = schedule.deadline();
    schedule.advance();
  }
  EXPECT_EQ(plan_of(1'000'000'000, milliseconds(1)).releases_per_slot(), 1u)
      << "at fixed intervals, one train";
}

// The key stream of RFC 8439, section 2.4: not a generator whose state a few draws give away.
TEST(Draws, AreTheKeyStreamAndDifferWithTheKey) {
  DrawKey zero;
  Draws draws(zero);
  // RFC 8439, appendix A.1, test vector 1: key, nonce and counter zero; the first eight bytes of the block.
  EXPECT_EQ(draws.below(UINT64_MAX),
            static_cast<uint64_t>((static_cast<unsigned __int128>(0x903df1a0ade0b876) * UINT64_MAX) >> 64));
  DrawKey other;
  other.bytes()[31] = 1;
  Draws others(other);
  int same = 0;
  for (int i = 0; i < 1000; ++i) same += draws.below(1u << 30) == others.below(1u << 30) ? 1 : 0;
  EXPECT_EQ(same, 0);
}

TEST(Schedule, ALateSlotIsNotMissedUntilAPeriodLater) {
  const SlotPlan plan = plan_of(120'000'000, milliseconds(1));  // ten cells a millisecond
  Schedule schedule(plan, Instant{0}, 1);
  schedule.advance();
  EXPECT_EQ(schedule.skip_missed(Instant{1'999'999}), 0u);
  EXPECT_EQ(schedule.deadline(), Instant{1'000'000});
  EXPECT_EQ(schedule.skip_missed(Instant{2'000'000}), 1u);
  EXPECT_EQ(schedule.deadline(), Instant{2'000'000});
  EXPECT_EQ(schedule.skip_missed(Instant{12'000'000}), 10u);
  EXPECT_EQ(schedule.deadline(), Instant{12'000'000});
}

}  // namespace
}  // namespace cuttle
