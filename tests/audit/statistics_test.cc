#include "audit/statistics.hh"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hh"

namespace cuttle::audit {
namespace {

TEST(Statistics, SmallCasesByHand) {
  const std::vector<double> v{1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(mean_of(v), 2.5);
  EXPECT_DOUBLE_EQ(deviation_of(v), std::sqrt(1.25));
  EXPECT_DOUBLE_EQ(quantile_of_sorted(v, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile_of_sorted(v, 1), 4);
  EXPECT_DOUBLE_EQ(median_of({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(mean_step_of(std::vector<double>{1, 3, 2}), 1.5);
  EXPECT_DOUBLE_EQ(correlation_of(v, std::vector<double>{2, 4, 6, 8}), 1);
  EXPECT_DOUBLE_EQ(correlation_of(v, std::vector<double>{5, 5, 5, 5}), 0);
  EXPECT_NEAR(autocorrelation_of(std::vector<double>{1, -1, 1, -1, 1, -1}, 1), -1, 1e-12);
  EXPECT_EQ(mean_of({}), 0);
  EXPECT_EQ(quantile_of_sorted({}, 0.5), 0);
}

TEST(Statistics, RanksShareTiesAndPutNanFirst) {
  const std::vector<double> v{3, 1, 3, NAN};
  EXPECT_EQ(ranks_of(v), (std::vector<double>{3.5, 2, 3.5, 1}));
}

TEST(Statistics, AucAgreesWithCountingPairs) {
  Random random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> scores;
    std::vector<int> labels;
    for (int i = 0; i < 40; ++i) {
      scores.push_back(static_cast<double>(random.below(10)));
      labels.push_back(static_cast<int>(random.below(2)));
    }
    double better = 0;
    double pairs = 0;
    for (size_t a = 0; a < scores.size(); ++a) {
      for (size_t b = 0; b < scores.size(); ++b) {
        if (labels[a] != 1 || labels[b] != 0) continue;
        pairs += 1;
        better += scores[a] > scores[b] ? 1 : scores[a] == scores[b] ? 0.5 : 0;
      }
    }
    EXPECT_NEAR(auc_of(scores, labels), better / pairs, 1e-12);
  }
  EXPECT_EQ(auc_of(std::vector<double>{1, 2}, std::vector<int>{1, 1}), 0.5);
}

TEST(Statistics, InformationOfAGuess) {
  EXPECT_DOUBLE_EQ(information_bits(1, 0), 1);
  EXPECT_DOUBLE_EQ(information_bits(0, 1), 1);
  EXPECT_DOUBLE_EQ(information_bits(0.5, 0.5), 0);
  EXPECT_DOUBLE_EQ(information_bits(0.9, 0.9), 0);
  // A symmetric channel: 1 - H(0.55).
  EXPECT_NEAR(information_bits(0.55, 0.45), 0.00723, 1e-5);
}

}  // namespace
}  // namespace cuttle::audit
