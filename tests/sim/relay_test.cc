// Traffic matrices over a mesh whose nodes relay for each other, packet by packet.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "sim/relay_run.hh"
#include "trials.hh"

namespace cuttle::sim {
namespace {

void expect_carried(size_t nodes, double part, uint64_t count) {
  double least = 1;
  double least_of_a_pair = 1;
  double most_relayed = 0;
  double most_disordered = 0;
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const RelayRunResult result = run_relays(draw_relay_run(seed, nodes, part));
    EXPECT_GE(result.carried, 0.98) << seed;
    EXPECT_GE(result.worst_pair, 0.95) << seed;
    EXPECT_LE(result.disordered, 0.01) << seed;
    least = std::min(least, result.carried);
    least_of_a_pair = std::min(least_of_a_pair, result.worst_pair);
    most_relayed = std::max(most_relayed, result.relayed_share);
    most_disordered = std::max(most_disordered, result.disordered);
  }
  std::printf(
      "%zu nodes, %.2f of the direct rate, %zu matrices: least carried %.4f, of a pair %.4f; most relayed "
      "%.3f, out of order %.5f\n",
      nodes, part, static_cast<size_t>(count), least, least_of_a_pair, most_relayed, most_disordered);
}

// CUTTLE_SIM_SHARE=10 makes it a hundred.
TEST(Relays, TwelveNodesOnAQuarterOfTheDirectRateCarryEveryMatrix) {
  expect_carried(12, 0.25, seeds(10));
}

// Five need 2/5 in theory, and some for headers.
TEST(Relays, FiveNodesOnHalfTheDirectRateCarryEveryMatrix) {
  expect_carried(5, 0.5, seeds(10));
}

TEST(Relays, WithoutRelaysTheHardestMatricesAreNotCarried) {
  RelayRunOptions options = draw_relay_run(4, 5, 0.5);
  options.relays = false;
  EXPECT_LT(run_relays(options).carried, 0.6);
}

TEST(Relays, ANodeThatDiesCostsTheOthersLittleAndForAMoment) {
  RelayRunOptions options = draw_relay_run(4, 5, 0.6);
  options.killed = NodeNumber{2};
  options.kill_after = milliseconds(500);
  options.measured = milliseconds(2500);
  const RelayRunResult result = run_relays(options);
  const std::vector<double>& parts = result.carried_by_100_ms;
  for (const double part : parts) std::printf("%.3f ", part);
  std::printf("\n");
  // What was on its way over that node is lost, and what is behind it in its flow waits a moment; a third of
  // what a pair relays goes over one of three. Then the other relays have it.
  EXPECT_GE((parts[5] + parts[6] + parts[7] + parts[8] + parts[9]) / 5, 0.9);
  for (size_t i = 10; i < parts.size(); ++i) EXPECT_GE(parts[i], 0.95) << i;
}

}  // namespace
}  // namespace cuttle::sim
