#include "audit/score.hh"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr int kDraws = 1000;
constexpr double kZ95 = 1.96;

struct Tally {
  double right[2] = {0, 0};
  double all[2] = {0, 0};

  void add(const Tally& other, double times) {
    for (const int label : {0, 1}) {
      right[label] += times * other.right[label];
      all[label] += times * other.all[label];
    }
  }
  double share(int label) const { return all[label] > 0 ? right[label] / all[label] : 0.5; }
  double accuracy() const { return (share(0) + share(1)) / 2; }
  double bits() const { return information_bits(share(1), 1 - share(0)); }
};

std::vector<Tally> tally_blocks(const Pair& pair, std::span<const double> guesses) {
  std::vector<Tally> tallies(pair.block_labels.size());
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    const int label = pair.label(i);
    Tally& tally = tallies[pair.block_of[i]];
    tally.all[label] += 1;
    tally.right[label] += (guesses[i] > 0.5) == (label == 1) ? 1 : 0;
  }
  return tallies;
}

Tally sum_of(const std::vector<Tally>& tallies) {
  Tally sum;
  for (const Tally& tally : tallies) sum.add(tally, 1);
  return sum;
}

// AUC with a weight for each row; `order` sorts the guesses.
double weighted_auc(const Pair& pair, std::span<const double> guesses, const std::vector<size_t>& order,
                    const std::vector<double>& block_weights) {
  double below = 0;  // weight of class 0 so far
  double area = 0;
  double ones = 0;
  for (size_t i = 0; i < order.size();) {
    double tied[2] = {0, 0};
    size_t j = i;
    for (; j < order.size() && guesses[order[j]] == guesses[order[i]]; ++j) {
      tied[pair.label(order[j])] += block_weights[pair.block_of[order[j]]];
    }
    area += tied[1] * (below + tied[0] / 2);
    below += tied[0];
    ones += tied[1];
    i = j;
  }
  return ones > 0 && below > 0 ? area / (ones * below) : 0.5;
}

Interval middle_95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile_of_sorted(values, 0.025), quantile_of_sorted(values, 0.975)};
}

}  // namespace

double balanced_accuracy(const Pair& pair, std::span<const double> guesses) {
  return sum_of(tally_blocks(pair, guesses)).accuracy();
}

Score score_guesses(const Pair& pair, std::span<const double> guesses, uint64_t seed) {
  const std::vector<Tally> tallies = tally_blocks(pair, guesses);
  const Tally sum = sum_of(tallies);
  Score score;
  score.accuracy = sum.accuracy();
  score.hit = sum.share(1);
  score.false_alarm = 1 - sum.share(0);
  score.bits_a_window = sum.bits();

  std::vector<size_t> order(guesses.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return guesses[a] < guesses[b]; });
  score.auc = weighted_auc(pair, guesses, order, std::vector<double>(tallies.size(), 1));

  Random random(seed);
  std::vector<double> accuracies;
  std::vector<double> aucs;
  std::vector<double> bits;
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::vector<double> times = draw_blocks(pair, random);
    Tally drawn;
    for (size_t b = 0; b < tallies.size(); ++b) drawn.add(tallies[b], times[b]);
    accuracies.push_back(drawn.accuracy());
    bits.push_back(drawn.bits());
    aucs.push_back(weighted_auc(pair, guesses, order, times));
  }
  score.accuracy_95 = middle_95(accuracies);
  score.auc_95 = middle_95(aucs);

  double variance = 0;
  for (const int label : {0, 1}) {
    // One right and one wrong guess more: a perfect score over few windows is not a certainty.
    const double n = sum.all[label] + 2;
    const double p = (sum.right[label] + 1) / n;
    variance += p * (1 - p) / n / 4;
  }
  const double half = kZ95 * std::sqrt(variance);
  score.accuracy_95.low = std::max(0.0, std::min(score.accuracy_95.low, score.accuracy - half));
  score.accuracy_95.high = std::min(1.0, std::max(score.accuracy_95.high, score.accuracy + half));
  score.bits_a_window_upper = middle_95(bits).high;
  if (score.accuracy_95.high > 0.5) {
    const double as_accurate = information_bits(score.accuracy_95.high, 1 - score.accuracy_95.high);
    score.bits_a_window_upper = std::max(score.bits_a_window_upper, as_accurate);
  }
  return score;
}

}  // namespace cuttle::audit
