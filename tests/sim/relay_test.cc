// Traffic matrices over a mesh whose nodes relay for each other, packet by packet.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <utility>
#include <vector>

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

// CUTTLE_SIM_SHARE=50 makes them a hundred.
TEST(Relays, TwentyNodesOnAQuarterOfTheDirectRateCarryEveryMatrix) {
  expect_carried(20, 0.25, seeds(2));
}

// Theory has eight nodes need a quarter, and twelve a sixth.
TEST(Relays, TwelveNodesOnAQuarterOfTheDirectRateCarryEveryMatrix) {
  expect_carried(12, 0.25, seeds(4));
}

// Five need 2/5 in theory, and some for headers.
TEST(Relays, FiveNodesOnHalfTheDirectRateCarryEveryMatrix) {
  expect_carried(5, 0.5, seeds(4));
}

TEST(Relays, WithoutRelaysTheHardestMatricesAreNotCarried) {
  RelayRunOptions options = draw_relay_run(4, 5, 0.5);
  options.relays = false;
  EXPECT_LT(run_relays(options).carried, 0.6);
}

double mean(const std::vector<double>& parts, size_t from, size_t count) {
  const auto first = parts.begin() + static_cast<std::ptrdiff_t>(from);
  return std::accumulate(first, first + static_cast<std::ptrdiff_t>(count), 0.0) / static_cast<double>(count);
}

// What was on its way over that node is lost, and what is behind it in its flow waits. Then the other relays
// have it.
TEST(Relays, ANodeThatDiesCostsTheOthersAtMostItsShareAndForAMoment) {
  for (const auto& [nodes, part] : {std::pair{size_t{5}, 0.6}, std::pair{size_t{12}, 0.25}}) {
    RelayRunOptions options = draw_relay_run(kHardest, nodes, part);
    options.killed = NodeNumber{2};
    options.kill_after = milliseconds(500);
    options.measured = seconds(4);
    const double share = carry(options.matrix, part).largest_share_over_one;
    const std::vector<double> parts = run_relays(options).carried_by_100_ms;
    std::printf("%zu nodes: %.3f of a pair's goes over one; by half seconds:", nodes, share);
    for (size_t i = 0; i + 5 <= parts.size(); i += 5) std::printf(" %.3f", mean(parts, i, 5));
    std::printf("\n");
    // In the first half of this second packets wait, in the other they come out.
    EXPECT_GE(mean(parts, 5, 10), 1 - share) << nodes;
    EXPECT_GE(mean(parts, 5, 30), 1 - share / 3) << nodes << ": in three seconds no more than in one";
    EXPECT_GE(mean(parts, 35, 5), 0.98) << nodes;
  }
}

}  // namespace
}  // namespace cuttle::sim
