#include "audit/welch.hh"

#include <gmock/gmock.h>

#include <cmath>

namespace cuttle::audit {
namespace {

Pair pair_of(const std::vector<int>& block_labels) {
  Pair pair;
  for (size_t b = 0; b < block_labels.size(); ++b) {
    pair.block_labels.push_back(block_labels[b]);
    pair.rows.push_back(b);
    pair.block_of.push_back(b);
  }
  return pair;
}

TEST(Welch, StudentsDistribution) {
  // From tables: two-sided.
  EXPECT_NEAR(student_p(2.228, 10), 0.05, 1e-4);
  EXPECT_NEAR(student_p(4.587, 10), 0.001, 1e-5);
  EXPECT_NEAR(student_p(12.706, 1), 0.05, 1e-5);
  EXPECT_NEAR(student_p(-1.96, 1e6), 0.05, 1e-4);
  EXPECT_DOUBLE_EQ(student_p(0, 5), 1);
}

TEST(Welch, AnExampleByHand) {
  // Means 3 and 6, variances 2.5 and 2.5, five each: t = 3 / sqrt(1), eight degrees of freedom, p = 0.0171.
  const Pair pair = pair_of({0, 0, 0, 0, 0, 1, 1, 1, 1, 1});
  const WelchTests tests = welch_tests({{"f", 1, {1, 2, 3, 4, 5, 4, 5, 6, 7, 8}}}, pair);
  ASSERT_EQ(tests.top.size(), 1u);
  EXPECT_NEAR(tests.top[0].t, 3, 1e-12);
  EXPECT_NEAR(tests.top[0].p, 0.01707, 1e-5);
  EXPECT_EQ(tests.top[0].mean[0], 3);
}

TEST(Welch, IsCorrectedForTheNumberOfFeatures) {
  const Pair pair = pair_of({0, 0, 0, 0, 0, 1, 1, 1, 1, 1});
  std::vector<BlockFeature> features{{"tells", 1, {1, 2, 3, 4, 5, 4, 5, 6, 7, 8}}};
  for (int i = 0; i < 9; ++i) features.push_back({"does not", 1, {1, 2, 3, 4, 5, 1, 2, 3, 4, 5.001}});
  const WelchTests tests = welch_tests(features, pair);
  EXPECT_EQ(tests.tests, 10u);
  EXPECT_NEAR(tests.top[0].p_corrected, 0.1707, 1e-4);
  EXPECT_EQ(tests.top[1].p_corrected, 1);
}

TEST(Welch, NoPIsSmallerThanTheNumberOfDealingsAllows) {
  // Four blocks of each class, every one the same: one of 70 ways to deal them, however far apart.
  const Pair pair = pair_of({0, 0, 0, 0, 1, 1, 1, 1});
  const WelchTests tests = welch_tests({{"f", 1, {1, 1, 1, 1, 2, 2, 2, 2}}}, pair);
  EXPECT_NEAR(tests.top[0].p, 1.0 / 70, 1e-9);
  EXPECT_EQ(welch_tests({{"f", 1, {1, 1, 1, 1, 1, 1, 1, 1}}}, pair).tests, 0u);
  EXPECT_EQ(welch_tests({{"f", 1, {NAN, 1, 1, 1, 2, 2, 2, 2}}}, pair).tests, 0u);  // three are too few
}

TEST(Welch, MeansAndVariancesOfBlocks) {
  Pair pair;
  pair.block_labels = {0, 1};
  pair.rows = {0, 1, 2, 3, 4, 5, 6, 7};
  pair.block_of = {0, 0, 0, 0, 1, 1, 1, 1};
  const Matrix data{8, 1, {1, 3, 1, 3, 2, 2, NAN, 2}};
  std::vector<BlockFeature> features;
  add_block_features(data, {"f"}, pair, features);
  ASSERT_EQ(features.size(), 2u);
  EXPECT_EQ(features[0].of_block, (std::vector<double>{2, 2}));
  EXPECT_EQ(features[1].of_block[0], 1);
  EXPECT_TRUE(std::isnan(features[1].of_block[1]));  // three windows say too little of a variance
}

}  // namespace
}  // namespace cuttle::audit
