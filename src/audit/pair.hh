// Two classes to be told apart: which windows, in which blocks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audit/window_plan.hh"
#include "base/random.hh"

namespace cuttle::audit {

struct Pair {
  std::vector<size_t> rows;       // positions in the plan's windows, in the order of time
  std::vector<size_t> block_of;   // for each of `rows`: position in block_labels below
  std::vector<int> block_labels;  // 0 or 1

  int label(size_t i) const { return block_labels[block_of[i]]; }
  std::vector<int> labels() const;  // for each of `rows`
  size_t windows(int label) const;
  size_t blocks(int label) const;

  // The same windows and blocks with the blocks' classes dealt out anew: what chance looks like.
  Pair shuffled(Random& random) const;
  // Likewise, but classes are exchanged only between blocks of one fold: each fold keeps its number of
  // either.
  Pair shuffled_within(std::span<const size_t> fold_of_block, Random& random) const;
};

Pair select_pair(const WindowPlan& plan, size_t label_0, size_t label_1);

// A fold for each block, each class spread evenly over the folds. Blocks that stand side by side in time, one
// of each class, go into the same fold: otherwise whatever drifts slowly would make a block look like its
// neighbour in the training, which is of the other class, and the attacker would be wrong more often than by
// chance.
std::vector<size_t> deal_folds(const Pair& pair, size_t folds, Random& random);

// The parts of a cross-validation, the same for every attacker and every shuffling.
struct Folds {
  size_t count = 0;
  std::vector<size_t> of_block;
  std::vector<size_t> of_row;  // of the pair's rows

  // At most `max`, and so few that each holds two blocks of either class, where there are that many: there
  // would be too few ways to shuffle otherwise.
  static Folds deal(const Pair& pair, size_t max, uint64_t seed);
};

// Draws as many blocks of each class as there are, with replacement: how often each was drawn.
std::vector<double> draw_blocks(const Pair& pair, Random& random);

}  // namespace cuttle::audit
