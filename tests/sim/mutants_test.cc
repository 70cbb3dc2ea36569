// The test of the noninterference test: every mistake a driver could make that lets payload show on the wire
// must be found. (Those of the engine are planted by `./run mutants`.)
#include "trials.hh"

namespace cuttle::sim {
namespace {

// The number of the first pair that shows it, 0 when none of `max` does.
uint64_t pairs_until_found(Mutant mutant, Family family, uint64_t max) {
  for (uint64_t seed = 1; seed <= max; ++seed) {
    if (!compare_pair(draw_scenario(family, seed), seed, mutant).empty()) return seed;
  }
  return 0;
}

TEST(Mutants, PackingOnThePacersThreadIsFound) {
  EXPECT_NE(pairs_until_found(Mutant::pack_on_pacer, Family::pairs, 20), 0u);
}
TEST(Mutants, SealingThatTakesLongerForDataIsFound) {
  EXPECT_NE(pairs_until_found(Mutant::data_is_dear, Family::pairs, 20), 0u);
}
TEST(Mutants, WaitingForThePackerIsFound) {
  EXPECT_NE(pairs_until_found(Mutant::wait_for_packer, Family::pairs, 100), 0u);
}
TEST(Mutants, StampingHandshakesWhenTheyAreReadIsFound) {
  EXPECT_NE(pairs_until_found(Mutant::stamped_when_read, Family::reactions, 1000), 0u);
}

TEST(Mutants, StepsThatFollowTheLoadAreFound) {
  EXPECT_NE(pairs_until_found(Mutant::steps_by_need, Family::ladder, 20), 0u);
}

TEST(Mutants, StepsThatFollowLoadAndLossAreFound) {
  EXPECT_NE(pairs_until_found(Mutant::steps_by_need, Family::yielding, 20), 0u);
}

// The smallest part of a failing trial still fails, and its command says how to see it.
TEST(Mutants, AFailingTrialIsShrunk) {
  const TrialOptions options{Mutant::data_is_dear, allocations};
  uint64_t seed = 1;
  while (try_scenario(draw_scenario(Family::pairs, seed), options).empty()) ++seed;
  const Scenario smaller = shrink(draw_scenario(Family::pairs, seed), options);
  EXPECT_FALSE(try_scenario(smaller, options).empty());
  EXPECT_GT(smaller.without.size(), 8u);
  EXPECT_TRUE(smaller.ends_early);
  const std::string command = replay_command(smaller, options.mutant);
  EXPECT_NE(command.find("./run sim --family pairs --seed " + std::to_string(seed)), std::string::npos);
  EXPECT_NE(command.find("--mutant data-is-dear"), std::string::npos);
}

}  // namespace
}  // namespace cuttle::sim
