// The attacker's parts on made-up numbers: the trees, the scores, the tests by shuffling.
#include "audit/attack.hh"

#include <gtest/gtest.h>

#include <numeric>

#include "audit/evidence.hh"
#include "audit/score.hh"

namespace cuttle::audit {
namespace {

constexpr size_t kBlocks = 40;
constexpr size_t kWindowsABlock = 10;

Pair make_pair() {
  Pair pair;
  for (size_t b = 0; b < kBlocks; ++b) {
    pair.block_labels.push_back(static_cast<int>(b * 7 / 3 % 2));
    for (size_t w = 0; w < kWindowsABlock; ++w) {
      pair.rows.push_back(pair.rows.size());
      pair.block_of.push_back(b);
    }
  }
  return pair;
}

// `shift`: how much class 1 differs in column 2. `block_noise`: what all windows of a block have in common.
FeatureTable make_table(const Pair& pair, double shift, double block_noise, uint64_t seed) {
  Random random(seed);
  FeatureTable table;
  table.all = {pair.rows.size(), 6, {}};
  table.names = {"a", "b", "c", "d", "e", "f"};
  table.events.resize(pair.rows.size());
  std::vector<double> common(kBlocks);
  for (double& value : common) value = (random.unit() - 0.5) * block_noise;
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    for (size_t c = 0; c < 6; ++c) {
      double value = random.unit() + random.unit() - 1 + common[pair.block_of[i]];
      if (c == 2 && pair.label(i) == 1) value += shift;
      table.all.values.push_back(static_cast<float>(value));
    }
  }
  return table;
}

AttackOptions quick() {
  AttackOptions options;
  options.permutations = 19;
  options.trees.rounds = 30;
  options.trees.share_of_columns = 1;
  return options;
}

Folds folds_of(const Pair& pair) {
  return Folds::deal(pair, 5, 1);
}

Score attack(const Pair& pair, const FeatureTable& table, const AttackOptions& options) {
  auto data = TreeData::take(table.all, pair.rows, options.trees);
  EXPECT_TRUE(data);
  const auto guesses = cross_validate(*data, pair, folds_of(pair), options);
  EXPECT_TRUE(guesses);
  return score_guesses(pair, guesses->chance_of_1, 1);
}

TEST(Attack, FindsAShiftAndItsColumn) {
  const Pair pair = make_pair();
  const FeatureTable table = make_table(pair, 0.8, 0, 1);
  const AttackOptions options = quick();
  auto data = TreeData::take(table.all, pair.rows, options.trees);
  ASSERT_TRUE(data);
  const auto guesses = cross_validate(*data, pair, folds_of(pair), options);
  ASSERT_TRUE(guesses);
  const Score score = score_guesses(pair, guesses->chance_of_1, 1);
  EXPECT_GT(score.accuracy, 0.75);
  EXPECT_GT(score.accuracy_95.low, 0.6);
  EXPECT_GT(score.auc, 0.8);
  EXPECT_EQ(std::max_element(guesses->gains.begin(), guesses->gains.end()) - guesses->gains.begin(), 2);
  Progress quiet(Progress::Show::no);
  Attackers attackers;
  attackers.push_back(tree_attacker("trees", std::move(*data), folds_of(pair), options));
  const auto permutation = permutation_test(attackers, pair, folds_of(pair), score.accuracy, options, quiet);
  ASSERT_TRUE(permutation);
  EXPECT_DOUBLE_EQ(permutation->p, 0.05);  // none of 19
}

TEST(Attack, WhatOnlyBlocksHaveInCommonIsNotFound) {
  // Each block has its own level: windows of a block resemble each other, which a model that had seen some of
  // them could use. Dividing by blocks must not let it.
  const Pair pair = make_pair();
  double sum = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed)
    sum += attack(pair, make_table(pair, 0, 20, seed), quick()).accuracy;
  EXPECT_LT(sum / 5, 0.56);
}

TEST(Attack, TheSameSeedGivesTheSameGuesses) {
  const Pair pair = make_pair();
  const FeatureTable table = make_table(pair, 0.3, 0, 1);
  auto data = TreeData::take(table.all, pair.rows, quick().trees);
  auto again = TreeData::take(table.all, pair.rows, quick().trees);
  const Folds folds = folds_of(pair);
  const auto first = cross_validate(*data, pair, folds, quick());
  const auto unused =
      cross_validate(*data, pair, folds, quick());  // a training leaves nothing behind for the next one
  const auto second = cross_validate(*again, pair, folds, quick());
  EXPECT_EQ(first->chance_of_1, unused->chance_of_1);
  EXPECT_EQ(first->chance_of_1, second->chance_of_1);
}

TEST(Attack, HeldOutRowsHaveNoSay) {
  // The held-out rows of one fold carry a label that contradicts all others; a model that listened would
  // follow.
  const Pair pair = make_pair();
  FeatureTable table = make_table(pair, 3, 0, 1);
  auto data = TreeData::take(table.all, pair.rows, quick().trees);
  std::vector<int> labels = pair.labels();
  std::vector<bool> in_training(labels.size(), true);
  for (size_t i = 0; i < labels.size() / 2; ++i) in_training[i] = false;
  const auto honest = TreeModel::train(*data, labels, in_training, quick().trees);
  const auto expected = honest->predict(*data);
  for (size_t i = 0; i < labels.size() / 2; ++i) labels[i] = 1 - labels[i];
  const auto misled = TreeModel::train(*data, labels, in_training, quick().trees);
  const auto guesses = misled->predict(*data);
  for (size_t i = 0; i < labels.size() / 2; ++i) EXPECT_NEAR(guesses->at(i), expected->at(i), 1e-6);
}

TEST(Score, PerfectAndUselessGuesses) {
  const Pair pair = make_pair();
  std::vector<double> right;
  for (const int label : pair.labels()) right.push_back(label);
  const Score perfect = score_guesses(pair, right, 1);
  EXPECT_DOUBLE_EQ(perfect.accuracy, 1);
  EXPECT_DOUBLE_EQ(perfect.auc, 1);
  EXPECT_DOUBLE_EQ(perfect.bits_a_window, 1);
  EXPECT_LT(perfect.accuracy_95.low, 1);

  Random random(4);
  std::vector<double> chance;
  for (size_t i = 0; i < pair.rows.size(); ++i) chance.push_back(random.unit());
  const Score useless = score_guesses(pair, chance, 1);
  EXPECT_NEAR(useless.accuracy, 0.5, 0.07);
  EXPECT_LT(useless.accuracy_95.low, 0.5);
  EXPECT_GT(useless.accuracy_95.high, 0.5);
  EXPECT_LT(useless.bits_a_window_upper, 0.03);
}

TEST(Score, TheIntervalIsWiderWhereWindowsOfABlockAgree) {
  const Pair pair = make_pair();
  Random random(4);
  std::vector<double> block_guess(kBlocks);
  for (double& guess : block_guess) guess = random.unit();
  std::vector<double> together;
  for (const size_t block : pair.block_of) together.push_back(block_guess[block]);
  const Score score = score_guesses(pair, together, 1);
  EXPECT_GT(score.accuracy_95.high - score.accuracy_95.low, 0.2);  // 40 blocks, not 400 windows
}

TEST(Evidence, ARareEventOfOneClassIsFound) {
  const Pair pair = make_pair();
  FeatureTable table = make_table(pair, 0, 0, 1);
  Random random(1);
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    table.events[i][1] = random.chance(0.1) ? 1 : 0;  // the same in both
    table.events[i][0] = pair.label(i) == 1 && random.chance(0.1) ? 1 : 0;
  }
  const auto tests = test_events(table, pair, 1);
  EXPECT_LT(tests[0].p, 0.001);
  EXPECT_GT(tests[1].p, 0.01);
  EXPECT_DOUBLE_EQ(tests[2].p, 1);
}

TEST(Evidence, TheStrongestFeatureIsJudgedAsTheBestOfAll) {
  const Pair pair = make_pair();
  const FeatureTest found = test_features(make_table(pair, 0.4, 0, 1), pair, 1);
  EXPECT_EQ(found.name, "c");
  EXPECT_GT(found.auc, 0.6);
  EXPECT_DOUBLE_EQ(found.p, 0.001);
  int invented = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    if (test_features(make_table(pair, 0, 2, seed), pair, seed).p <= 0.05) ++invented;
  }
  EXPECT_LE(invented, 4);  // one in twenty is expected
}

}  // namespace
}  // namespace cuttle::audit
