#include "audit/attack.hh"

#include <algorithm>

#include "audit/neighbours.hh"
#include "audit/ridge.hh"
#include "audit/score.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kEnoughExceeding =
    10;  // shuffled runs as good as the real one, after which p is plainly large

constexpr size_t kEnoughNone = 39;  // shuffled runs of which none comes near the real one: p is 0.025 at most
constexpr double kFarDeviations = 6;

bool is_far_beyond(double accuracy, const std::vector<double>& shuffled) {
  return accuracy > mean_of(shuffled) + kFarDeviations * deviation_of(shuffled);
}

class TreeAttacker : public Attacker {
 public:
  TreeAttacker(std::string name, TreeData data, const Folds& folds, const AttackOptions& options)
      : Attacker(std::move(name)), data_(std::move(data)), folds_(folds), options_(options) {}
  bool is_cheap() const override { return false; }
  Result<std::vector<double>> guess(const Pair& pair) override {
    auto guesses = cross_validate(data_, pair, folds_, options_);
    if (!guesses) return tl::unexpected(guesses.error());
    return std::move(guesses->chance_of_1);
  }

 private:
  TreeData data_;
  Folds folds_;
  AttackOptions options_;
};

class LinearAttacker : public Attacker {
 public:
  LinearAttacker(std::string name, Gram gram, const Folds& folds, double penalty)
      : Attacker(std::move(name)), gram_(std::move(gram)), model_(gram_, folds.of_row, penalty) {}
  Result<std::vector<double>> guess(const Pair& pair) override { return model_.guess(pair.labels()); }

 private:
  Gram gram_;
  RidgeFolds model_;
};

class NeighbourAttacker : public Attacker {
 public:
  NeighbourAttacker(std::string name, const Gram& gram, const Folds& folds)
      : Attacker(std::move(name)), neighbours_(gram, folds.of_row, usual_neighbours(gram.rows)) {}
  Result<std::vector<double>> guess(const Pair& pair) override { return neighbours_.guess(pair.labels()); }

 private:
  Neighbours neighbours_;
};

}  // namespace

Result<Guesses> cross_validate(TreeData& data, const Pair& pair, const Folds& folds,
                               const AttackOptions& options) {
  if (folds.count < 2) return failure("both classes need at least two blocks of time");
  const std::vector<int> labels = pair.labels();
  Guesses result;
  result.chance_of_1.assign(pair.rows.size(), 0.5);
  result.gains.assign(data.columns(), 0);
  for (size_t fold = 0; fold < folds.count; ++fold) {
    std::vector<bool> in_training;
    for (const size_t of_row : folds.of_row) in_training.push_back(of_row != fold);
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

std::unique_ptr<Attacker> tree_attacker(std::string name, TreeData data, const Folds& folds,
                                        const AttackOptions& options) {
  return std::make_unique<TreeAttacker>(std::move(name), std::move(data), folds, options);
}

std::unique_ptr<Attacker> linear_attacker(std::string name, Gram gram, const Folds& folds, double penalty) {
  return std::make_unique<LinearAttacker>(std::move(name), std::move(gram), folds, penalty);
}

std::unique_ptr<Attacker> neighbour_attacker(std::string name, const Gram& gram, const Folds& folds) {
  return std::make_unique<NeighbourAttacker>(std::move(name), gram, folds);
}

Result<PermutationTest> permutation_test(const Attackers& attackers, const Pair& pair, const Folds& folds,
                                         double accuracy, const AttackOptions& options, Progress& progress) {
  PermutationTest test;
  Random random(options.seed ^ 0x7065726d75746521);
  size_t exceeding = 0;
  progress.begin("permutation test");
  for (int i = 0; i < options.permutations && exceeding < kEnoughExceeding; ++i) {
    const Pair shuffled = pair.shuffled_within(folds.of_block, random);
    double best = 0;
    for (const bool cheap : {true, false}) {
      for (const auto& attacker : attackers) {
        if (attacker->is_cheap() != cheap || (!cheap && best >= accuracy)) continue;
        const auto guesses = attacker->guess(shuffled);
        if (!guesses) return tl::unexpected(guesses.error());
        best = std::max(best, balanced_accuracy(shuffled, *guesses));
      }
    }
    test.accuracies.push_back(best);
    if (best >= accuracy) ++exceeding;
    if (exceeding == 0 && test.accuracies.size() >= kEnoughNone && is_far_beyond(accuracy, test.accuracies))
      break;
    progress.at(static_cast<double>(i + 1) / options.permutations);
  }
  progress.finish();
  const auto runs = static_cast<double>(test.accuracies.size());
  test.p = exceeding >= kEnoughExceeding ? static_cast<double>(exceeding) / runs
                                         : (static_cast<double>(exceeding) + 1) / (runs + 1);
  return test;
}

}  // namespace cuttle::audit
