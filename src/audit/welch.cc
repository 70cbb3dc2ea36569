#include "audit/welch.hh"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kMinBlocks = 4;              // of each class
constexpr size_t kMinWindowsForVariance = 4;  // of a block

constexpr double kLargestT = 1e4;  // of blocks that are all the same

// Regularised incomplete beta function by its continued fraction (Lentz's method; Numerical Recipes, 6.4).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x)) /
      a;
  constexpr double kTiny = 1e-300;
  double c = 1;
  double d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::fabs(d) < kTiny ? kTiny : d);
  double fraction = d;
  for (int m = 1; m <= 300; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (std::fabs(d) < kTiny ? kTiny : d);
    c = 1 + even / c;
    if (std::fabs(c) < kTiny) c = kTiny;
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (std::fabs(d) < kTiny ? kTiny : d);
    c = 1 + odd / c;
    if (std::fabs(c) < kTiny) c = kTiny;
    fraction *= d * c;
    if (std::fabs(d * c - 1) < 1e-13) break;
  }
  return front * fraction;
}

// The smallest p that means anything: one of all ways to deal the blocks.
double min_p(size_t a, size_t b) {
  const auto log_factorial = [](size_t n) { return std::lgamma(static_cast<double>(n) + 1); };
  return std::exp(log_factorial(a) + log_factorial(b) - log_factorial(a + b));
}

// False where there is nothing to test.
bool test_one(const BlockFeature& feature, const Pair& pair, WelchTest& test) {
  std::vector<double> values[2];
  for (size_t b = 0; b < pair.block_labels.size(); ++b) {
    if (std::isfinite(feature.of_block[b])) values[pair.block_labels[b]].push_back(feature.of_block[b]);
  }
  if (values[0].size() < kMinBlocks || values[1].size() < kMinBlocks) return false;
  double share[2];  // of the difference's variance
  for (const int label : {0, 1}) {
    const auto n = static_cast<double>(values[label].size());
    const double deviation = deviation_of(values[label]);
    test.mean[label] = mean_of(values[label]);
    share[label] = deviation * deviation / (n - 1);
  }
  test.name = feature.name;
  test.order = feature.order;
  const double difference = test.mean[1] - test.mean[0];
  const double scale = std::max(std::fabs(test.mean[0]), std::fabs(test.mean[1]));
  if (std::fabs(difference) <= 1e-12 * scale) return share[0] + share[1] > 0;  // p stays 1
  const double min = min_p(values[0].size(), values[1].size());
  const double variance = std::max(share[0] + share[1], 1e-24 * scale * scale);
  test.t = std::clamp(difference / std::sqrt(variance), -kLargestT, kLargestT);
  const double freedom =
      variance * variance /
      std::max(1e-300, share[0] * share[0] / (static_cast<double>(values[0].size()) - 1) +
                           share[1] * share[1] / (static_cast<double>(values[1].size()) - 1));
  test.p = std::max(min, student_p(test.t, std::clamp(freedom, 1.0, 1e6)));
  return true;
}

// The windows of each of the pair's blocks, as positions in the plan.
std::vector<std::vector<size_t>> windows_of_blocks(const Pair& pair) {
  std::vector<std::vector<size_t>> windows(pair.block_labels.size());
  for (size_t i = 0; i < pair.rows.size(); ++i) windows[pair.block_of[i]].push_back(pair.rows[i]);
  return windows;
}

struct Count {
  double trains = 0;
  double cells = 0;
  double seconds = 0;

  void add(const Releases& releases, const Window& window) {
    trains += static_cast<double>(releases.size());
    for (const uint32_t n : releases.cells) cells += n;
    seconds += static_cast<double>((window.end - window.start).ns) * 1e-9;
  }
};

}  // namespace

double student_p(double t, double degrees_of_freedom) {
  return incomplete_beta(degrees_of_freedom / 2, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t));
}

void add_block_features(const Matrix& data, const std::vector<std::string>& names, const Pair& pair,
                        std::vector<BlockFeature>& features) {
  const auto windows = windows_of_blocks(pair);
  std::vector<double> values;
  for (size_t c = 0; c < data.columns; ++c) {
    BlockFeature mean{names[c], 1, {}};
    BlockFeature variance{names[c], 2, {}};
    for (const std::vector<size_t>& block : windows) {
      values.clear();
      for (const size_t row : block) {
        if (!std::isnan(data.at(row, c))) values.push_back(data.at(row, c));
      }
      const double deviation = deviation_of(values);
      mean.of_block.push_back(values.empty() ? NAN : mean_of(values));
      variance.of_block.push_back(values.size() < kMinWindowsForVariance ? NAN : deviation * deviation);
    }
    features.push_back(std::move(mean));
    features.push_back(std::move(variance));
  }
}

void add_block_rates(const std::vector<ReleaseSource>& sources, const WindowPlan& plan, const Pair& pair,
                     std::vector<BlockFeature>& features) {
  const auto windows = windows_of_blocks(pair);
  for (const ReleaseSource& source : sources) {
    BlockFeature of_source[] = {{source.name + ", trains a second over the block", 1, {}},
                                {source.name + ", cells a second over the block", 1, {}},
                                {source.name + ", pace over the block: ns a train", 1, {}},
                                {source.name + ", pace over the block: ns a cell", 1, {}}};
    for (const std::vector<size_t>& block : windows) {
      Count count;
      std::vector<const Releases*> consecutive;
      for (const size_t row : block) {
        count.add(source.rows[row], plan.windows[row]);
        consecutive.push_back(&source.rows[row]);
      }
      const Pace pace = pace_of(consecutive);
      of_source[0].of_block.push_back(count.trains / count.seconds);
      of_source[1].of_block.push_back(count.cells / count.seconds);
      of_source[2].of_block.push_back(pace.ns_a_train);
      of_source[3].of_block.push_back(pace.ns_a_cell);
    }
    for (BlockFeature& feature : of_source) features.push_back(std::move(feature));
  }
}

WelchTests welch_tests(const std::vector<BlockFeature>& features, const Pair& pair) {
  std::vector<WelchTest> tests;
  for (const BlockFeature& feature : features) {
    WelchTest test;
    if (test_one(feature, pair, test)) tests.push_back(std::move(test));
  }
  std::stable_sort(tests.begin(), tests.end(), [](const WelchTest& a, const WelchTest& b) {
    return a.p != b.p ? a.p < b.p : std::fabs(a.t) > std::fabs(b.t);
  });
  // Holm: the smallest of m against m, the next against m - 1, and none smaller than the one before.
  double largest = 0;
  for (size_t i = 0; i < tests.size(); ++i) {
    largest = std::max(largest, std::min(1.0, tests[i].p * static_cast<double>(tests.size() - i)));
    tests[i].p_corrected = largest;
  }
  WelchTests result{tests.size(), {}};
  tests.resize(std::min(tests.size(), WelchTests::kShown));
  result.top = std::move(tests);
  return result;
}

Rates rates_of(const std::vector<ReleaseSource>& sources, const WindowPlan& plan, const Pair& pair) {
  Rates rates;
  double seconds[2] = {0, 0};
  for (const ReleaseSource& source : sources) {
    if (!source.is_link) continue;
    Count counts[2];
    for (size_t i = 0; i < pair.rows.size(); ++i) {
      counts[pair.label(i)].add(source.rows[pair.rows[i]], plan.windows[pair.rows[i]]);
    }
    for (const int label : {0, 1}) {
      rates.trains_a_second[label] += counts[label].trains;
      rates.cells_a_second[label] += counts[label].cells;
      seconds[label] = counts[label].seconds;
    }
  }
  for (const int label : {0, 1}) {
    if (seconds[label] <= 0) continue;
    rates.trains_a_second[label] /= seconds[label];
    rates.cells_a_second[label] /= seconds[label];
  }
  return rates;
}

}  // namespace cuttle::audit
