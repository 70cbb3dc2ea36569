// The attackers, each cross-validated over the same blocks of time, and the test of the best of them with the
// classes dealt out by chance.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audit/gram.hh"
#include "audit/pair.hh"
#include "audit/progress.hh"
#include "audit/tree_model.hh"

namespace cuttle::audit {

struct AttackOptions {
  size_t folds = 5;
  int permutations = 99;
  TreeOptions trees;
  uint64_t seed = 1;
};

// One way to guess. Built for one pair and its folds; then asked with the real classes and with shuffled
// ones.
class Attacker {
 public:
  explicit Attacker(std::string name) : name_(std::move(name)) {}
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;
  virtual ~Attacker() = default;

  const std::string& name() const { return name_; }
  // Whether a guess takes milliseconds, not a training.
  virtual bool is_cheap() const { return true; }
  // For each of the pair's rows the chance of class 1, by a model that never saw the row's block.
  virtual Result<std::vector<double>> guess(const Pair& pair) = 0;

 private:
  std::string name_;
};
using Attackers = std::vector<std::unique_ptr<Attacker>>;

struct Guesses {
  std::vector<double> chance_of_1;  // for each of the pair's rows, by a model that never saw the row's block
  std::vector<double> gains;        // of each column, summed over the folds' models
};

// Trees. `data` holds the pair's rows.
Result<Guesses> cross_validate(TreeData& data, const Pair& pair, const Folds& folds,
                               const AttackOptions& options);

std::unique_ptr<Attacker> tree_attacker(std::string name, TreeData data, const Folds& folds,
                                        const AttackOptions& options);
std::unique_ptr<Attacker> linear_attacker(std::string name, Gram gram, const Folds& folds, double penalty);
std::unique_ptr<Attacker> neighbour_attacker(std::string name, const Gram& gram, const Folds& folds);

struct PermutationTest {
  double p = 1;                    // share of shuffled runs in which the best attacker is as accurate
  std::vector<double> accuracies;  // of the best attacker of each shuffled run, or at least that
};

// Shuffles classes inside the folds and asks every attacker anew; what counts is the best of them, as it is
// for the real classes, so that taking the best of several is no finding in itself. An expensive attacker is
// not asked where a cheap one is as good as the real best already. Stops early once the answer is plain
// (Besag and Clifford, "Sequential Monte Carlo p-values", 1991).
Result<PermutationTest> permutation_test(const Attackers& attackers, const Pair& pair, const Folds& folds,
                                         double accuracy, const AttackOptions& options, Progress& progress);

}  // namespace cuttle::audit
