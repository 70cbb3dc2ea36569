// The nearest windows of other blocks: as a classifier, and as a bound on every classifier.
#pragma once

#include <span>
#include <vector>

#include "audit/gram.hh"
#include "audit/score.hh"

namespace cuttle::audit {

class Neighbours {
 public:
  // Of each row the `count` nearest rows of other folds, nearest first.
  Neighbours(const Gram& gram, const std::vector<size_t>& fold_of_row, size_t count);

  // Chance of class 1: the share of class 1 among each row's neighbours, both classes weighing the same.
  std::vector<double> guess(std::span<const int> labels) const { return vote(labels, count_); }
  // By the nearest one alone: 0 or 1.
  std::vector<double> guess_by_nearest(std::span<const int> labels) const { return vote(labels, 1); }

 private:
  std::vector<double> vote(std::span<const int> labels, size_t count) const;

  size_t count_;
  std::vector<std::vector<size_t>> nearest_;
  std::vector<size_t> fold_of_row_;
};

// How many neighbours have a say: about the root of the number of windows, and odd.
size_t usual_neighbours(size_t windows);

// The balanced accuracy that no classifier on the same features exceeds, from the nearest neighbour's error
// R: with many windows the Bayes error is at least (1 - sqrt(1 - 2 R)) / 2 (Cover and Hart, 1967; used so by
// Cherubin, "Bayes, not Naive", PETS 2017). Near chance it says little: R = 0.48 allows 0.6.
double accuracy_bound(double nearest_accuracy);

}  // namespace cuttle::audit
