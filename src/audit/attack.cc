#include "audit/attack.hh"

#include <algorithm>

#include "audit/score.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kEnoughExceeding =
    10;  // shuffled runs as good as the real one, after which p is plainly large

}  // namespace

Result<Guesses> cross_validate(TreeData& data, const Pair& pair, const AttackOptions& options) {
  Random random(options.seed);
  const size_t folds = std::min({options.folds, pair.blocks(0), pair.blocks(1)});
  if (folds < 2) return failure("both classes need at least two blocks of time");
  const std::vector<size_t> fold_of = deal_folds(pair, folds, random);
  const std::vector<int> labels = pair.labels();

  Guesses result;
  result.chance_of_1.assign(pair.rows.size(), 0.5);
  result.gains.assign(data.columns(), 0);
  for (size_t fold = 0; fold < folds; ++fold) {
    std::vector<bool> in_training;
    for (const size_t block : pair.block_of) in_training.push_back(fold_of[block] != fold);
    TreeOptions trees = options.trees;
    trees.seed = options.seed + fold;
    const auto model = TreeModel::train(data, labels, in_training, trees);
    if (!model) return tl::unexpected(model.error());
    const auto guesses = model->predict(data);
    if (!guesses) return tl::unexpected(guesses.error());
    for (size_t i = 0; i < pair.rows.size(); ++i) {
      if (!in_training[i]) result.chance_of_1[i] = guesses->at(i);
    }
    const auto gains = model->gains(data.columns());
    if (!gains) return tl::unexpected(gains.error());
    for (size_t c = 0; c < data.columns(); ++c) result.gains[c] += gains->at(c);
  }
  return result;
}

Result<PermutationTest> permutation_test(TreeData& data, const Pair& pair, double accuracy,
                                         const AttackOptions& options, Progress& progress) {
  PermutationTest test;
  Random random(options.seed ^ 0x7065726d75746521);
  size_t exceeding = 0;
  progress.begin("permutation test");
  for (int i = 0; i < options.permutations && exceeding < kEnoughExceeding; ++i) {
    const Pair shuffled = pair.shuffled(random);
    AttackOptions one = options;
    one.seed = random.next();
    const auto guesses = cross_validate(data, shuffled, one);
    if (!guesses) return tl::unexpected(guesses.error());
    test.accuracies.push_back(balanced_accuracy(shuffled, guesses->chance_of_1));
    if (test.accuracies.back() >= accuracy) ++exceeding;
    progress.at(static_cast<double>(i + 1) / options.permutations);
  }
  progress.finish();
  const auto runs = static_cast<double>(test.accuracies.size());
  test.p = exceeding >= kEnoughExceeding ? static_cast<double>(exceeding) / runs
                                         : (static_cast<double>(exceeding) + 1) / (runs + 1);
  return test;
}

}  // namespace cuttle::audit
