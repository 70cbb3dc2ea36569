// Three to five nodes with crashes and partitions besides.
#include "trials.hh"

namespace cuttle::sim {
namespace {

TEST(Network, ManySeeds) {
  expect_all_good(Family::network, 1, seeds(120));
}

}  // namespace
}  // namespace cuttle::sim
