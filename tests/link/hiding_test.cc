// How safe a link says it is, against a simulated attacker who does what the rule supposes.
#include "link/hiding.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace cuttle {
namespace {

SlotPlan plan_of(Duration slot, uint32_t jitter_percent, uint64_t rate_bps = 200'000'000,
                 uint32_t node_lanes = 1) {
  SlotPlan plan{};
  EXPECT_TRUE(plan_slots({.cell_bytes = 1472,
                          .rate_bps = rate_bps,
                          .slot = slot,
                          .jitter_percent = jitter_percent,
                          .node_lanes = node_lanes},
                         plan));
  return plan;
}

// Of all lanes that take turns, in order.
std::vector<double> releases_of_a_second(const SlotPlan& plan, uint64_t seed) {
  TurnSequence sequence(plan, Instant{0}, seed);
  std::vector<TurnSequence::Place> places;
  for (uint32_t lane = 0; lane < plan.node_lanes; ++lane) places.push_back(sequence.handle_join());
  std::vector<double> at;
  for (uint32_t lane = 0; lane < plan.node_lanes; ++lane) {
    Schedule schedule(plan, Instant{0}, seed);
    if (plan.node_lanes > 1) schedule.handle_turns(sequence, places[lane]);
    for (; schedule.deadline() < Instant{1'000'000'000}; schedule.advance()) {
      at.push_back(static_cast<double>(schedule.deadline().ns));
    }
  }
  std::sort(at.begin(), at.end());
  return at;
}

// The variance of a second's gaps when lateness deviates so much.
double variance_of_a_second(const SlotPlan& plan, double deviation_ns, Random& random, uint64_t seed) {
  std::vector<double> at = releases_of_a_second(plan, seed);
  const size_t count = at.size();
  for (double& instant : at) {
    double normal = -6;  // twelve uniform draws
    for (int i = 0; i < 12; ++i) normal += random.unit();
    instant += deviation_ns * normal;
  }
  double sum = 0;
  double squares = 0;
  for (size_t i = 1; i < count; ++i) {
    const double gap = at[i] - at[i - 1];
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(count - 1);
  return squares / n - sum / n * sum / n;
}

double accuracy_of_an_attacker(const SlotPlan& plan, Duration deviation) {
  const int seconds_each = 1500 / static_cast<int>(plan.node_lanes);
  Random random(4);
  std::vector<std::pair<double, int>> seconds;
  for (int i = 0; i < seconds_each; ++i) {
    seconds.emplace_back(variance_of_a_second(plan, 0, random, static_cast<uint64_t>(2 * i)), 0);
    seconds.emplace_back(variance_of_a_second(plan, static_cast<double>(deviation.ns), random,
                                              static_cast<uint64_t>(2 * i + 1)),
                         1);
  }
  std::sort(seconds.begin(), seconds.end());
  int best = 0;
  int idle_below = 0;
  int busy_below = 0;
  for (const auto& [variance, busy] : seconds) {
    (busy ? busy_below : idle_below)++;
    best = std::max(best, idle_below + seconds_each - busy_below);
  }
  return static_cast<double>(best) / (2 * seconds_each);
}

TEST(Hiding, SaysWhatAnAttackerReaches) {
  for (const Duration slot : {microseconds(250), microseconds(500), milliseconds(1)}) {
    const SlotPlan plan = plan_of(slot, 100);
    for (const double share : {0.03, 0.06}) {
      const Duration deviation{static_cast<int64_t>(share * static_cast<double>(plan.jitter.ns))};
      EXPECT_NEAR(judge_hiding(plan, deviation, false).accuracy, accuracy_of_an_attacker(plan, deviation),
                  0.04)
          << slot.ns << " " << share;
    }
  }
}

TEST(Hiding, SaysSoOfOneReleaseASlotToo) {
  const SlotPlan plan = plan_of(microseconds(500), 100, 24'000'000);
  ASSERT_EQ(plan.releases_per_slot(), 1u);
  for (const double share : {0.02, 0.04}) {
    const Duration deviation{static_cast<int64_t>(share * static_cast<double>(plan.jitter.ns))};
    EXPECT_NEAR(judge_hiding(plan, deviation, false).accuracy, accuracy_of_an_attacker(plan, deviation), 0.05)
        << share;
  }
}

TEST(Hiding, SaysSoOfThreeReleasesASlot) {
  const SlotPlan plan = plan_of(microseconds(1500), 100, 1'000'000'000);
  ASSERT_EQ(plan.releases_per_slot(), 3u);
  for (const double share : {0.06, 0.1}) {
    const Duration deviation{static_cast<int64_t>(share * static_cast<double>(plan.jitter.ns) / 3)};
    EXPECT_NEAR(judge_hiding(plan, deviation, false).accuracy, accuracy_of_an_attacker(plan, deviation), 0.05)
        << share;
  }
}

TEST(Hiding, SaysSoOfLanesThatTakeTurns) {
  for (const uint32_t lanes : {2u, 3u, 6u}) {
    const SlotPlan plan = plan_of(milliseconds(1), 100, 200'000'000, lanes);
    ASSERT_EQ(plan.releases_per_slot(), 1u);
    for (const double share : {0.06, 0.1}) {
      const Duration deviation{static_cast<int64_t>(share * static_cast<double>(plan.jitter.ns) / lanes)};
      EXPECT_NEAR(judge_hiding(plan, deviation, false).accuracy, accuracy_of_an_attacker(plan, deviation),
                  0.05)
          << lanes << " " << share;
    }
  }
}

TEST(Hiding, FixedIntervalsHideNothing) {
  EXPECT_EQ(judge_hiding(plan_of(milliseconds(1), 0), microseconds(1), false).word(), "tells");
  EXPECT_EQ(max_hidden_deviation(plan_of(milliseconds(1), 0)).ns, 0);
}

TEST(Hiding, TheWordFollowsTheFigure) {
  const SlotPlan plan = plan_of(milliseconds(1), 100);
  const Duration max = max_hidden_deviation(plan);
  EXPECT_EQ(judge_hiding(plan, max - nanoseconds(100), false).word(), "hidden");
  EXPECT_EQ(judge_hiding(plan, max - nanoseconds(100), true).word(), "tells behind fast ports");
  EXPECT_EQ(judge_hiding(plan, max + microseconds(1), false).word(), "tells");
  const SlotPlan calls = plan_of(milliseconds(1), 100, 2'000'000'000);
  EXPECT_EQ(judge_hiding(calls, max_hidden_deviation(calls) / 2, false).word(), "tells behind fast ports")
      << "calls that leave together";
  EXPECT_GT(max, max_hidden_deviation(plan_of(microseconds(250), 100))) << "longer slots hide more";
}

}  // namespace
}  // namespace cuttle
