// Invariant 2: two payloads, one wire.
#include "trials.hh"

namespace cuttle::sim {
namespace {

TEST(Noninterference, SixteenHundredPairs) {
  expect_all_good(Family::pairs, 1, seeds(1600));
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

}  // namespace
}  // namespace cuttle::sim
