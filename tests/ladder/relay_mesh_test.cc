// Matrices through a mesh with relays: what theory promises for links of 2r/N, and that less does not do.
#include "sim/cover/relay_mesh.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cuttle::sim {
namespace {

constexpr double kWhole = 1 - 1e-6;
constexpr double kLargestShare = 0.1;  // of what a pair sends, over any one of 18 others

Matrix draw(size_t nodes) {
  Random random(*rc::gen::inRange<uint64_t>(0, 1'000'000));
  return draw_matrix(random, nodes, *rc::gen::inRange<size_t>(1, 12));
}

RC_GTEST_PROP(RelayMesh, MatricesAreAdmissibleAndUseAllThatIs, ()) {
  const Matrix matrix = draw(*rc::gen::inRange<size_t>(3, 30));
  RC_ASSERT(matrix.largest_sum() <= 1 + 1e-9);
  RC_ASSERT(matrix.sum() >= static_cast<double>(matrix.nodes()) * (1 - 1e-9));
  for (size_t i = 0; i < matrix.nodes(); ++i) RC_ASSERT(matrix.at(i, i) == 0);
}

RC_GTEST_PROP(RelayMesh, LinksOfTwoNthsOfWhatANodeMaySendCarryEveryMatrix, ()) {
  const auto nodes = *rc::gen::inRange<size_t>(4, 30);
  const Relayed result = carry(draw(nodes), 2.0 / static_cast<double>(nodes) * 1.1);
  RC_ASSERT(result.carried >= kWhole);
  RC_ASSERT(result.fullest_link <= 1 + 1e-9);
}

TEST(RelayMesh, WithoutRelaysOrWithOneForAllTheyDoNot) {
  Random random(3);
  for (const RelayMutant mutant : {RelayMutant::direct_only, RelayMutant::one_relay}) {
    bool is_found = false;
    for (int i = 0; i < 100 && !is_found; ++i) {
      const Matrix matrix = draw_matrix(random, 20, 1 + static_cast<size_t>(i) % 12);
      const Relayed result = carry(matrix, 0.25, mutant);
      is_found = result.carried < kWhole || result.largest_share_over_one > kLargestShare;
    }
    EXPECT_TRUE(is_found) << static_cast<int>(mutant);
  }
  EXPECT_LT(carry(draw_matrix(random, 20, 1), 0.25, RelayMutant::direct_only).carried, 0.3);
}

TEST(RelayMesh, LinksOfLessCarryLess) {
  Random random(3);
  EXPECT_LT(carry(draw_matrix(random, 20, 1), 0.08).carried, kWhole);
}

// The issue's: 20 nodes, links of a quarter of what a direct mesh needs, 100 matrices; and a death costs each
// other pair no more than a small share until it is known.
TEST(RelayMesh, AHundredMatricesThroughLinksOfAQuarter) {
  Random random(20);
  for (int i = 0; i < 100; ++i) {
    const Matrix matrix = draw_matrix(random, 20, 1 + static_cast<size_t>(i) / 5);
    const Relayed result = carry(matrix, 0.25);
    EXPECT_GE(result.carried, kWhole);
    EXPECT_LE(result.largest_share_over_one, kLargestShare);
    const size_t dead = random.below(20);
    EXPECT_GE(carry(without_node(matrix, dead), 0.25, RelayMutant::none, dead).carried, kWhole);
  }
}

}  // namespace
}  // namespace cuttle::sim
