// One link under everything a network can do: invariants 1, 3, 4, 5 and 6, and that it recovers.
#include "trials.hh"

namespace cuttle::sim {
namespace {

TEST(TwoNodes, AThousandSeeds) {
  expect_all_good(Family::two_nodes, 1, seeds(1000));
}

}  // namespace
}  // namespace cuttle::sim
