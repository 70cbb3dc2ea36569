#include "audit/evidence.hh"

#include <algorithm>
#include <cmath>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr int kEventShuffles = 4000;
constexpr int kFeatureShuffles = 999;

// Sums of a quantity over the windows of each block: all that a shuffling of blocks needs.
struct BlockSums {
  std::vector<double> sums;
  std::vector<double> windows;

  // Difference of the classes' means.
  double difference(const std::vector<int>& block_labels, double (&means)[2]) const {
    double sum[2] = {0, 0};
    double count[2] = {0, 0};
    for (size_t b = 0; b < sums.size(); ++b) {
      sum[block_labels[b]] += sums[b];
      count[block_labels[b]] += windows[b];
    }
    means[0] = count[0] > 0 ? sum[0] / count[0] : 0;
    means[1] = count[1] > 0 ? sum[1] / count[1] : 0;
    return means[1] - means[0];
  }
};

BlockSums sum_blocks(const Pair& pair, const std::vector<double>& value_of_row) {
  BlockSums sums{std::vector<double>(pair.block_labels.size(), 0),
                 std::vector<double>(pair.block_labels.size(), 0)};
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    sums.sums[pair.block_of[i]] += value_of_row[i];
    sums.windows[pair.block_of[i]] += 1;
  }
  return sums;
}

}  // namespace

std::vector<EventTest> test_events(const FeatureTable& table, const Pair& pair, uint64_t seed) {
  std::vector<EventTest> tests;
  Random random(seed);
  for (size_t e = 0; e < kEvents; ++e) {
    std::vector<double> counts;
    for (const size_t row : pair.rows) counts.push_back(table.events[row][e]);
    const BlockSums sums = sum_blocks(pair, counts);
    EventTest test;
    test.event = static_cast<Event>(e);
    const double real = std::fabs(sums.difference(pair.block_labels, test.per_window));
    int as_large = 0;
    for (int i = 0; i < kEventShuffles && real > 0; ++i) {
      double means[2];
      if (std::fabs(sums.difference(pair.shuffled(random).block_labels, means)) >= real * (1 - 1e-9))
        ++as_large;
    }
    test.p = real > 0 ? (as_large + 1.0) / (kEventShuffles + 1.0) : 1;
    tests.push_back(test);
  }
  return tests;
}

FeatureTest test_features(const FeatureTable& table, const Pair& pair, uint64_t seed) {
  // The rank sum of a class is the AUC up to a constant, and it is a sum over blocks: shuffling is cheap.
  std::vector<BlockSums> columns;
  std::vector<size_t> column_numbers;
  for (size_t c = 0; c < table.all.columns; ++c) {
    std::vector<double> values;
    for (const size_t row : pair.rows) values.push_back(table.all.at(row, c));
    const std::vector<double> ranks = ranks_of(values);
    if (ranks.empty() ||
        *std::max_element(ranks.begin(), ranks.end()) == *std::min_element(ranks.begin(), ranks.end())) {
      continue;  // the same in all windows
    }
    columns.push_back(sum_blocks(pair, ranks));
    column_numbers.push_back(c);
  }
  FeatureTest best;
  const auto n = static_cast<double>(pair.rows.size());
  const auto strongest = [&](const std::vector<int>& labels) {
    std::pair<double, size_t> found{0, 0};  // difference of the mean ranks, which column
    for (size_t i = 0; i < columns.size(); ++i) {
      double means[2];
      const double difference = columns[i].difference(labels, means);
      if (std::fabs(difference) > std::fabs(found.first)) found = {difference, i};
    }
    return found;
  };
  if (columns.empty()) return best;
  const auto [real, which] = strongest(pair.block_labels);
  best.column = column_numbers[which];
  best.name = table.names[best.column];
  best.auc = 0.5 + real / n;
  Random random(seed);
  int as_large = 0;
  for (int i = 0; i < kFeatureShuffles; ++i) {
    if (std::fabs(strongest(pair.shuffled(random).block_labels).first) >= std::fabs(real) * (1 - 1e-9))
      ++as_large;
  }
  best.p = (as_large + 1.0) / (kFeatureShuffles + 1.0);
  return best;
}

}  // namespace cuttle::audit
