#include "audit/statistics.hh"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace cuttle::audit {

double mean_of(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
  if (sorted.empty()) return 0;
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double share = at - static_cast<double>(below);
  return sorted[below] * (1 - share) + sorted[below + 1] * share;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile_of_sorted(values, 0.5);
}

double mean_step_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  double sum = 0;
  for (size_t i = 1; i < values.size(); ++i) sum += std::fabs(values[i] - values[i - 1]);
  return sum / static_cast<double>(values.size() - 1);
}

double autocorrelation_of(std::span<const double> values, size_t lag) {
  if (values.size() <= lag + 1) return 0;
  return correlation_of(values.first(values.size() - lag), values.subspan(lag));
}

double log_entropy_of(std::span<const double> values) {
  if (values.empty()) return 0;
  constexpr size_t kBins = 40 * 8;
  std::array<uint32_t, kBins> bins{};
  for (const double v : values) {
    const double place = std::log2(std::max(v, 1.0)) * 8;
    ++bins[std::min(kBins - 1, static_cast<size_t>(place))];
  }
  double bits = 0;
  for (const uint32_t n : bins) {
    if (n == 0) continue;
    const double p = n / static_cast<double>(values.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

double correlation_of(std::span<const double> a, std::span<const double> b) {
  const size_t n = std::min(a.size(), b.size());
  if (n < 2) return 0;
  const double mean_a = mean_of(a.first(n));
  const double mean_b = mean_of(b.first(n));
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < n; ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t i) { return std::isnan(values[i]) ? -HUGE_VAL : values[i]; };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  std::vector<double> ranks(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t j = i;
    while (j < order.size() && key(order[j]) == key(order[i])) ++j;
    const double shared = static_cast<double>(i + 1 + j) / 2;
    for (; i < j; ++i) ranks[order[i]] = shared;
  }
  return ranks;
}

double auc_of(std::span<const double> scores, std::span<const int> labels) {
  const std::vector<double> ranks = ranks_of(scores);
  double sum = 0;
  double ones = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (labels[i] == 1) sum += ranks[i], ++ones;
  }
  const double zeros = static_cast<double>(ranks.size()) - ones;
  if (ones == 0 || zeros == 0) return 0.5;
  return (sum - ones * (ones + 1) / 2) / (ones * zeros);
}

double information_bits(double hit, double false_alarm) {
  const auto entropy = [](double p) {
    return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p);
  };
  return std::max(0.0, entropy((hit + false_alarm) / 2) - (entropy(hit) + entropy(false_alarm)) / 2);
}

}  // namespace cuttle::audit
