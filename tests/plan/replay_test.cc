// Replays against what can be computed by hand.
#include "plan/replay.hh"

#include <gtest/gtest.h>

#include "burst.hh"
#include "config/shape_plan.hh"
#include "wire/cell.hh"

namespace cuttle::plan {
namespace {

// Fixed, so that what comes out can be reckoned.
SlotPlan slots(uint64_t rate_bps) {
  return *plan_shape(
      {.cell_bytes = 1472, .rate_bps = rate_bps, .slot = microseconds(200), .jitter_percent = 0}, false, 1,
      1);
}

TEST(Replay, APacketAloneWaitsForTheNextSlot) {
  const SlotPlan plan = slots(200'000'000);
  const Replay got = replay(burst(1, 1000), plan, 1472);
  EXPECT_EQ(got.packets, 1u);
  EXPECT_TRUE(got.keeps_up);
  EXPECT_GT(got.waits.max, Duration{0});
  EXPECT_LE(got.waits.max, plan.period() + microseconds(10));
  EXPECT_EQ(got.saturated, 0);
}

TEST(Replay, ABurstTakesItsCellsTime) {
  constexpr uint64_t kRate = 100'000'000;
  const Replay got = replay(burst(1000, 1400), slots(kRate), 1472);
  const double cells = 1000.0 * 1400 / static_cast<double>(wire::CellFormat(1472).data_bytes());
  const double expected_ns = cells * 1500 * 8 / kRate * 1e9;
  EXPECT_EQ(got.packets, 1000u);
  EXPECT_NEAR(static_cast<double>(got.waits.max.ns), expected_ns, expected_ns * 0.01);
  EXPECT_NEAR(static_cast<double>(got.waits.median.ns), expected_ns / 2, expected_ns * 0.01);
  EXPECT_NEAR(got.saturated, expected_ns / 2e9, 0.01);
}

TEST(Replay, LargePacketsSpanManyCells) {
  const Replay got = replay(burst(10, 65000), slots(1'000'000'000), 1472);
  EXPECT_EQ(got.packets, 10u);
  EXPECT_NEAR(static_cast<double>(got.waits.max.ns), 650000 / 1434.0 * 1500 * 8, 4e5);
}

TEST(Replay, MoreThanTheRateNeverKeepsUp) {
  Figures figures;
  figures.peak_bps = 50'000'000;
  figures.mean_bps = 50'000'000;
  EXPECT_FALSE(replay(load_of_figures(figures), slots(10'000'000), 1472).keeps_up);
}

TEST(Replay, EveryPacketLeavesAndTheCellsAddUp) {
  Figures figures;
  figures.peak_bps = 150'000'000;
  figures.mean_bps = 20'000'000;
  const LinkLoad load = load_of_figures(figures);
  const Replay got = replay(load, slots(100'000'000), 1472);
  EXPECT_EQ(got.packets, load.arrivals.size());
  const double payload_share = static_cast<double>(load.mean_bps()) / (100'000'000.0 * 1434 / 1500);
  EXPECT_NEAR(got.used, payload_share, payload_share * 0.1);
}

// A megabyte of one connection waits; a packet of another one comes meanwhile.
LinkLoad bulk_and_one(uint32_t flow_of_the_one) {
  LinkLoad load = burst(700, 1400);
  for (Arrival& arrival : load.arrivals) arrival.flow = 1;
  load.arrivals.push_back({Instant{} + seconds(1) + milliseconds(20), 100, flow_of_the_one});
  return load;
}

TEST(Replay, APacketOfAnotherConnectionOvertakesBulk) {
  const SlotPlan plan = slots(50'000'000);
  const Replay same = replay(bulk_and_one(1), plan, 1472);
  const Replay other = replay(bulk_and_one(2), plan, 1472);
  EXPECT_EQ(same.packets, 701u);
  EXPECT_EQ(other.packets, 701u);
  // In one line it would leave last, after 164 ms; in a line of its own it is nearly the first of what waits,
  // so that those behind it are one more.
  EXPECT_GT(same.waits.max, milliseconds(140));
  EXPECT_NEAR(static_cast<double>(other.waits.max.ns), static_cast<double>(same.waits.max.ns), 2e7);
  EXPECT_GT(same.held_back, 300u);  // of 980,000 bytes, the queue holds 25 ms of the rate
}

TEST(Replay, WhatWaitsAtItsSenderDelaysNobodyElse) {
  // Two packets that come after a long backlog of one flow, each in a flow of its own: their waits are the
  // smallest of all that came after it.
  LinkLoad load = burst(700, 1400);
  for (Arrival& arrival : load.arrivals) arrival.flow = 1;
  const size_t bulk = load.arrivals.size();
  for (uint32_t i = 0; i < 700; ++i) {
    load.arrivals.push_back({Instant{} + seconds(1) + microseconds(100 * i + 20'000), 100, 2 + i % 2});
  }
  const Replay got = replay(load, slots(50'000'000), 1472);
  EXPECT_EQ(got.packets, bulk + 700);
  // Half of the packets are bulk, so the median is at the border between the two kinds.
  EXPECT_LT(got.waits.median, milliseconds(5));
  EXPECT_GT(got.waits.p99, milliseconds(140));
}

}  // namespace
}  // namespace cuttle::plan
