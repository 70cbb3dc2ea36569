#include "link/hiding.hh"

#include <cmath>

namespace cuttle {

namespace {

constexpr double kExcess = 1.4;  // kurtosis of a triangular distribution, less one
constexpr double kSecond_ns = 1e9;

struct Gaps {
  double width_ns;  // of the draw of each release
  double count;     // in a second
};

Gaps gaps_of(const SlotPlan& plan) {
  const double releases = plan.releases_per_slot();
  const double mean_gap_ns = static_cast<double>(plan.period().ns) / releases;
  return {static_cast<double>(plan.jitter.ns) / releases, kSecond_ns / mean_gap_ns};
}

}  // namespace

Hiding judge_hiding(const SlotPlan& plan, Duration deviation, bool cut_by_cpu) {
  Hiding hiding{1, cut_by_cpu};
  const Gaps gaps = gaps_of(plan);
  if (gaps.width_ns <= 0) return hiding;
  const double s = static_cast<double>(deviation.ns) / gaps.width_ns;
  const double d = 12 * s * s / std::sqrt(kExcess / gaps.count);
  hiding.accuracy = 0.5 * std::erfc(-d / 2 / std::sqrt(2.0));
  return hiding;
}

Duration most_hidden_deviation(const SlotPlan& plan) {
  constexpr double kMostShift = 0.2513;  // twice the 0.55 quantile of the normal distribution
  const Gaps gaps = gaps_of(plan);
  return {static_cast<int64_t>(gaps.width_ns * std::sqrt(kMostShift * std::sqrt(kExcess / gaps.count) / 12))};
}

}  // namespace cuttle
