// Short days of a small mesh: given the steps that were said, the wire is one and the same whatever the load
// is; and each mistake that would change that is found. The day of docs/cover.md is `./run sim cover`.
#include "sim/cover/ladder_day.hh"

#include <gtest/gtest.h>

#include "base/random.hh"

namespace cuttle::sim {
namespace {

constexpr double kHour_s = 3600;

DayOfLoad load_of(uint64_t seed) {
  Random random(seed);
  DayOfLoad load;
  load.nodes = 4;
  load.seed = seed;
  load.busy.clear();
  for (uint64_t i = random.below(4); i > 0; --i) {
    const double from = random.unit() * kHour_s;
    load.busy.push_back({from, from + random.unit() * 900});
  }
  return load;
}

LadderOptions short_day() {
  LadderOptions options;
  options.day_s = kHour_s;
  options.going_down_epochs = 6;
  return options;
}

// Whether the wires of two loads for which the same was said are alike, and all right.
bool is_same_wire(uint64_t seed, const LadderOptions& options) {
  const DayResult first = run_day(load_of(seed), options);
  if (!check_wires(first, options).trouble.empty()) return false;
  LadderOptions same = options;
  same.said = &first.said;
  const DayResult again = run_day(load_of(seed), same);
  const DayResult other = run_day(load_of(seed + 1000), same);
  return check_wires(other, options).trouble.empty() && again.wires == other.wires;
}

TEST(LadderDay, TheWireIsAFunctionOfTheStepsThatWereSaid) {
  for (uint64_t seed = 1; seed <= 12; ++seed) EXPECT_TRUE(is_same_wire(seed, short_day())) << seed;
}

TEST(LadderDay, EachMistakeIsFound) {
  for (const LadderMutant mutant :
       {LadderMutant::own_need, LadderMutant::mid_epoch, LadderMutant::no_budget}) {
    LadderOptions options = short_day();
    options.mutant = mutant;
    bool is_found = false;
    for (uint64_t seed = 1; seed <= 12 && !is_found; ++seed) is_found = !is_same_wire(seed, options);
    EXPECT_TRUE(is_found) << static_cast<int>(mutant);
  }
}

LadderOptions yielding_day(uint64_t seed) {
  Random random(seed * 7);
  LadderOptions options = short_day();
  options.yields = true;
  options.rates_bps = {62'500'000, 250'000'000, 500'000'000};
  options.budget_bits = 60 + static_cast<double>(random.below(100));
  options.narrow_bps = 40e6 + random.unit() * 400e6;
  for (uint64_t i = random.below(4); i > 0; --i) {
    const double from = random.unit() * kHour_s;
    options.narrow.push_back({from, from + random.unit() * 900});
  }
  return options;
}

// Whatever the paths carry: no wire tells more than the budget, and given what was said it is the same.
TEST(LadderDay, AMeshThatYieldsKeepsTheBudget) {
  uint32_t changes = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const DayResult day = run_day(load_of(seed), yielding_day(seed));
    EXPECT_EQ(check_wires(day, yielding_day(seed)).trouble, "") << seed;
    EXPECT_TRUE(is_same_wire(seed, yielding_day(seed))) << seed;
    changes += check_wires(day, yielding_day(seed)).changes;
  }
  EXPECT_GT(changes, 24u);
}

TEST(LadderDay, AMeshThatYieldsAndCountsNothingIsFound) {
  bool is_found = false;
  for (uint64_t seed = 1; seed <= 12 && !is_found; ++seed) {
    LadderOptions options = yielding_day(seed);
    options.mutant = LadderMutant::no_budget;
    is_found = !check_wires(run_day(load_of(seed), options), options).trouble.empty();
  }
  EXPECT_TRUE(is_found);
}

// Half an hour in which paths carry less than the busy load needs.
TEST(LadderDay, AMeshYieldsWithinEpochsAndComesBackWhenThePathsCarryItAgain) {
  DayOfLoad load;
  load.nodes = 4;
  load.busy = {{300, 3600}};
  LadderOptions options = short_day();
  options.yields = true;
  options.budget_bits = 200;
  options.narrow = {{600, 1500}};
  options.narrow_bps = 200e6;
  const DayResult day = run_day(load, options);
  EXPECT_EQ(check_wires(day, options).trouble, "");
  for (const auto& wire : day.wires) {
    EXPECT_EQ(wire.back().rate_bps, options.rates_bps.back());
    EXPECT_GE(wire.back().at_s, 1500);
  }
  // Rises that fail come after 6, 12, 24 epochs, and so on; each is seen in the epoch after it at the latest.
  EXPECT_LE(day.lost_s, 6 * 2 * options.epoch_s);
  EXPECT_GT(day.lost_s, 0);
  EXPECT_EQ(day.cuts, 0u);
}

TEST(LadderDay, WhereEvenTheLowestRateIsTooHighTheBreakerCuts) {
  for (const LadderMutant mutant : {LadderMutant::none, LadderMutant::no_breaker}) {
    DayOfLoad load;
    load.nodes = 4;
    load.busy = {{300, 3600}};
    LadderOptions options = short_day();
    options.yields = true;
    options.budget_bits = 100;
    options.narrow = {{600, 1500}};
    options.narrow_bps = 40e6;
    options.mutant = mutant;
    const DayResult day = run_day(load, options);
    EXPECT_EQ(check_wires(day, options).trouble, "");
    EXPECT_EQ(day.cuts, mutant == LadderMutant::none ? load.nodes : 0u);
    for (const auto& wire : day.wires) {
      EXPECT_EQ(wire.back().rate_bps, options.rates_bps[mutant == LadderMutant::none ? 0 : 1]);
    }
  }
}

TEST(LadderDay, ABusyHourIsCarriedAndPaidForOnlyThen) {
  DayOfLoad load;
  load.nodes = 4;
  load.busy = {{600, 1500}};
  const LadderOptions options = short_day();
  const DayResult ladder = run_day(load, options);
  const DayResult flat = run_flat_day(load, options.rates_bps.back(), options.day_s);
  EXPECT_LT(ladder.bytes, flat.bytes / 2.5);
  EXPECT_EQ(check_wires(ladder, options).changes, 2u);
  for (const auto& wire : ladder.wires) EXPECT_EQ(wire, ladder.wires.front());
}

TEST(LadderDay, ACoordinatorThatDiesAsItBeginsCostsEpochsAndNoBits) {
  DayOfLoad load;
  load.nodes = 4;
  load.busy = {{600, 1500}};
  load.spread_s = 0;
  LadderOptions options = short_day();
  options.first_node_down = {{590, 3600}};
  const DayResult result = run_day(load, options);
  EXPECT_EQ(check_wires(result, options).trouble, "");
  const auto& wire = result.wires.back();
  ASSERT_GE(wire.size(), 2u);
  EXPECT_LE(wire[1].at_s, 600 + (ladder::Coordinator::kGoneAfter + 3) * options.epoch_s);
}

}  // namespace
}  // namespace cuttle::sim
