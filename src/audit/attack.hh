// The attack itself: cross-validation over blocks of time, and the same with the classes dealt out by chance.
#pragma once

#include <span>
#include <vector>

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

struct Guesses {
  std::vector<double> chance_of_1;  // for each of the pair's rows, by a model that never saw the row's block
  std::vector<double> gains;        // of each column, summed over the folds' models
};

// `data` holds the pair's rows.
Result<Guesses> cross_validate(TreeData& data, const Pair& pair, const AttackOptions& options);

struct PermutationTest {
  double p = 1;                    // share of shuffled runs as accurate as the real one
  std::vector<double> accuracies;  // of the shuffled runs
};

// Trains anew for every shuffling. Stops early once the answer is plain (Besag and Clifford, "Sequential
// Monte Carlo p-values", 1991).
Result<PermutationTest> permutation_test(TreeData& data, const Pair& pair, double accuracy,
                                         const AttackOptions& options, Progress& progress);

}  // namespace cuttle::audit
