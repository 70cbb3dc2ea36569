#include "audit/information.hh"

#include <algorithm>
#include <cmath>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr int kDraws = 1000;
constexpr int kNewtonSteps = 25;
constexpr double kSurest = 12;  // largest log-odds taken at face value

struct Calibration {
  double offset = 0;
  double slope = 0;
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// Logistic regression on one variable by Newton's steps, classes weighted alike, with a little pull to 0.
Calibration calibrate(const std::vector<double>& log_odds, const std::vector<int>& labels) {
  double count[2] = {0, 0};
  for (const int label : labels) count[label] += 1;
  Calibration fit;
  if (count[0] == 0 || count[1] == 0) return fit;
  const double pull = 1e-3 * static_cast<double>(labels.size());
  for (int step = 0; step < kNewtonSteps; ++step) {
    double gradient[2] = {pull * fit.offset, pull * fit.slope};
    double hessian[3] = {pull, 0, pull};
    for (size_t i = 0; i < labels.size(); ++i) {
      const double weight = static_cast<double>(labels.size()) / (2 * count[labels[i]]);
      const double chance = sigmoid(fit.offset + fit.slope * log_odds[i]);
      const double error = weight * (chance - labels[i]);
      const double curve = weight * chance * (1 - chance);
      gradient[0] += error;
      gradient[1] += error * log_odds[i];
      hessian[0] += curve;
      hessian[1] += curve * log_odds[i];
      hessian[2] += curve * log_odds[i] * log_odds[i];
    }
    const double determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    if (!(determinant > 0)) break;
    fit.offset -= (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
    fit.slope -= (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
  }
  if (!std::isfinite(fit.offset) || !std::isfinite(fit.slope) || fit.slope < 0) return {};
  return fit;
}

struct Losses {
  double sum[2] = {0, 0};
  double count[2] = {0, 0};

  void add(const Losses& other, double times) {
    for (const int label : {0, 1}) {
      sum[label] += times * other.sum[label];
      count[label] += times * other.count[label];
    }
  }
  double information() const {
    if (count[0] == 0 || count[1] == 0) return 0;
    return std::max(0.0, 1 - (sum[0] / count[0] + sum[1] / count[1]) / 2);
  }
};

}  // namespace

Information information_of(const Pair& pair, const Folds& folds, std::span<const double> guesses,
                           uint64_t seed) {
  std::vector<double> log_odds;
  for (const double guess : guesses) {
    const double chance = std::clamp(guess, 1e-9, 1 - 1e-9);
    log_odds.push_back(std::clamp(std::log(chance / (1 - chance)), -kSurest, kSurest));
  }
  std::vector<Losses> of_block(pair.block_labels.size());
  for (size_t fold = 0; fold < folds.count; ++fold) {
    std::vector<double> others;
    std::vector<int> labels;
    for (size_t i = 0; i < guesses.size(); ++i) {
      if (folds.of_row[i] == fold) continue;
      others.push_back(log_odds[i]);
      labels.push_back(pair.label(i));
    }
    const Calibration fit = calibrate(others, labels);
    for (size_t i = 0; i < guesses.size(); ++i) {
      if (folds.of_row[i] != fold) continue;
      const double chance = std::clamp(sigmoid(fit.offset + fit.slope * log_odds[i]), 1e-6, 1 - 1e-6);
      const int label = pair.label(i);
      Losses& losses = of_block[pair.block_of[i]];
      losses.sum[label] -= std::log2(label == 1 ? chance : 1 - chance);
      losses.count[label] += 1;
    }
  }
  Losses all;
  for (const Losses& losses : of_block) all.add(losses, 1);
  std::vector<double> drawn;
  Random random(seed);
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::vector<double> times = draw_blocks(pair, random);
    Losses sum;
    for (size_t b = 0; b < of_block.size(); ++b) sum.add(of_block[b], times[b]);
    drawn.push_back(sum.information());
  }
  std::sort(drawn.begin(), drawn.end());
  return {all.information(), {quantile_of_sorted(drawn, 0.025), quantile_of_sorted(drawn, 0.975)}};
}

}  // namespace cuttle::audit
