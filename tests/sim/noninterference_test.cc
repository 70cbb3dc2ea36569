// Invariant 2: two payloads, one wire.
#include "trials.hh"

namespace cuttle::sim {
namespace {

TEST(Noninterference, SixteenHundredPairs) {
  expect_all_good(Family::pairs, 1, seeds(1600));
}

// Two networks in which nothing happens look the same. Some are so bad that nothing does.
TEST(Noninterference, TheLinksOfThePairsComeUp) {
  const uint64_t count = seeds(100);
  for (const Family family : {Family::pairs, Family::reactions, Family::calendar, Family::ladder,
                              Family::relay, Family::yielding}) {
    uint64_t up = 0;
    for (uint64_t seed = 1; seed <= count; ++seed) {
      const RunOptions idle{.payload_seed = seed, .load_variant = 0, .liveness = false};
      if (run(draw_scenario(family, seed), idle).sessions > 0) ++up;
    }
    EXPECT_GE(up * 100, count * 85) << family_name(family) << ": " << up << " of " << count;
  }
}

TEST(Noninterference, FourHundredPairsWithHandshakesUnderLoad) {
  expect_all_good(Family::reactions, 1, seeds(400));
}

TEST(Noninterference, FourHundredPairsInWhichTheRateChangesByACalendar) {
  expect_all_good(Family::calendar, 1, seeds(400));
}

TEST(Noninterference, TwoHundredPairsInWhichTheRateChangesByALadder) {
  expect_all_good(Family::ladder, 1, seeds(200));
}

TEST(Noninterference, TwoHundredPairsOfMeshesWhoseNodesRelay) {
  expect_all_good(Family::relay, 1, seeds(200));
}

// Else they would show nothing.
TEST(Noninterference, NodesOfThePairsDoRelay) {
  const uint64_t count = seeds(100);
  uint64_t relayed = 0;
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const RunOptions busy{
        .payload_seed = seed, .load_variant = 1 + static_cast<unsigned>(seed % 3), .liveness = false};
    if (run(draw_scenario(Family::relay, seed), busy).packets_relayed > 0) ++relayed;
  }
  EXPECT_GE(relayed * 2, count) << relayed << " of " << count;
}

TEST(Noninterference, TwoHundredPairsInWhichALadderYields) {
  expect_all_good(Family::yielding, 1, seeds(200));
}

}  // namespace
}  // namespace cuttle::sim
