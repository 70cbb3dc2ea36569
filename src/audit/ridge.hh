// Ridge classification in its dual form, cross-validated: one factorisation a fold serves every dealing of
// the classes, so that a shuffling costs two products of a matrix with a vector.
#pragma once

#include <span>
#include <vector>

#include "audit/gram.hh"

namespace cuttle::audit {

class RidgeFolds {
 public:
  // `fold_of_row` for each row of `gram`. `penalty`: against the mean of the diagonal.
  RidgeFolds(const Gram& gram, std::vector<size_t> fold_of_row, double penalty);

  // For each row a value in (0, 1), above 0.5 for class 1, from a model that never saw the row's fold. The
  // classes weigh the same, however many rows each has: the cut lies halfway between both classes' means, as
  // models without the row in question see the training's rows.
  std::vector<double> guess(std::span<const int> labels) const;

 private:
  struct Fold {
    std::vector<size_t> training;
    std::vector<size_t> held_out;
    std::vector<double> factor;            // lower triangle L of the training's L L', row by row
    std::vector<double> inverse_diagonal;  // of (L L')^-1
  };
  void factorise(Fold& fold, double penalty) const;
  void guess_fold(const Fold& fold, std::span<const int> labels, std::vector<double>& guesses) const;

  const Gram& gram_;
  std::vector<Fold> folds_;
};

}  // namespace cuttle::audit
