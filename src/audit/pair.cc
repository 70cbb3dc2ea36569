#include "audit/pair.hh"

#include <algorithm>
#include <map>
#include <utility>

namespace cuttle::audit {

namespace {

template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

}  // namespace

std::vector<int> Pair::labels() const {
  std::vector<int> result;
  for (const size_t block : block_of) result.push_back(block_labels[block]);
  return result;
}

size_t Pair::windows(int label) const {
  return static_cast<size_t>(std::count_if(block_of.begin(), block_of.end(),
                                           [&](size_t block) { return block_labels[block] == label; }));
}

size_t Pair::blocks(int label) const {
  return static_cast<size_t>(std::count(block_labels.begin(), block_labels.end(), label));
}

Pair Pair::shuffled(Random& random) const {
  Pair result = *this;
  shuffle(result.block_labels, random);
  return result;
}

Pair Pair::shuffled_within(std::span<const size_t> fold_of_block, Random& random) const {
  Pair result = *this;
  std::map<size_t, std::vector<size_t>> blocks_of;
  for (size_t b = 0; b < block_labels.size(); ++b) blocks_of[fold_of_block[b]].push_back(b);
  for (const auto& [fold, blocks] : blocks_of) {
    std::vector<int> dealt;
    for (const size_t b : blocks) dealt.push_back(block_labels[b]);
    shuffle(dealt, random);
    for (size_t i = 0; i < blocks.size(); ++i) result.block_labels[blocks[i]] = dealt[i];
  }
  return result;
}

Pair select_pair(const WindowPlan& plan, size_t label_0, size_t label_1) {
  Pair pair;
  std::map<size_t, size_t> renumbered;
  for (size_t row = 0; row < plan.windows.size(); ++row) {
    const Window& window = plan.windows[row];
    if (window.label != label_0 && window.label != label_1) continue;
    const auto [at, is_new] = renumbered.try_emplace(window.block, pair.block_labels.size());
    if (is_new) pair.block_labels.push_back(window.label == label_1 ? 1 : 0);
    pair.rows.push_back(row);
    pair.block_of.push_back(at->second);
  }
  return pair;
}

std::vector<size_t> deal_folds(const Pair& pair, size_t folds, Random& random) {
  // The nth block of either class is of the nth round; rounds of both classes are dealt out first.
  const size_t whole = std::min(pair.blocks(0), pair.blocks(1));
  const size_t rounds = std::max(pair.blocks(0), pair.blocks(1));
  std::vector<size_t> fold_of_round;
  for (const auto& [from, to] : {std::pair{size_t{0}, whole}, std::pair{whole, rounds}}) {
    std::vector<size_t> dealt;
    for (size_t round = from; round < to; ++round) dealt.push_back(round % folds);
    shuffle(dealt, random);
    fold_of_round.insert(fold_of_round.end(), dealt.begin(), dealt.end());
  }

  std::vector<size_t> fold_of;
  size_t seen[2] = {0, 0};
  for (const int label : pair.block_labels) fold_of.push_back(fold_of_round[seen[label]++]);
  return fold_of;
}

Folds Folds::deal(const Pair& pair, size_t max, uint64_t seed) {
  const size_t min = std::min(pair.blocks(0), pair.blocks(1));
  Folds folds;
  folds.count = std::min(max, min >= 4 ? min / 2 : min);
  Random random(seed);
  folds.of_block = deal_folds(pair, std::max<size_t>(1, folds.count), random);
  for (const size_t block : pair.block_of) folds.of_row.push_back(folds.of_block[block]);
  return folds;
}

std::vector<double> draw_blocks(const Pair& pair, Random& random) {
  std::vector<double> times(pair.block_labels.size(), 0);
  for (const int label : {0, 1}) {
    std::vector<size_t> blocks;
    for (size_t b = 0; b < pair.block_labels.size(); ++b) {
      if (pair.block_labels[b] == label) blocks.push_back(b);
    }
    for (size_t i = 0; i < blocks.size(); ++i) times[blocks[random.below(blocks.size())]] += 1;
  }
  return times;
}

}  // namespace cuttle::audit
