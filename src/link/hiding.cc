#include "link/hiding.hh"

#include <cmath>

#include "link/spread.hh"

namespace cuttle {

namespace {

constexpr double kSecond_ns = 1e9;
// 2 (w^2 / v) / sqrt(k'), where k' is by how much the variance of n gaps fluctuates, times n: found by
// simulation (tests/link/hiding_test.cc), since gaps of one slot are not independent.
constexpr double kFactorOfOne = 10;
constexpr double kFactorOfEverySecond = 4.7;
constexpr double kFactorOfEveryThird = 5.5;

uint32_t releases_together(const SlotPlan& plan) {
  return plan.releases_per_slot() * (plan.scatter ? 1 : plan.node_lanes);
}

// How many of its chance fluctuations a second's variance of the gaps is shifted by lateness of that
// variance, in units of the squared width: d = factor * s^2 / w^2.
struct Gaps {
  double width_ns;  // of the draw of each release
  double factor;
};

Gaps gaps_of(const SlotPlan& plan) {
  const double releases = releases_together(plan);
  const double mean_gap_ns = static_cast<double>(plan.period().ns) / releases;
  const double count = kSecond_ns / mean_gap_ns;
  const double width_ns = static_cast<double>(plan.jitter.ns) / releases;
  double factor = kFactorOfOne;
  if (releases > 1) {
    const bool every_third = spread_of(plan, plan.scatter ? 1 : plan.node_lanes) == Spread::every_third;
    factor = every_third ? kFactorOfEveryThird : kFactorOfEverySecond;
  }
  return {width_ns, factor * std::sqrt(count)};
}

}  // namespace

Hiding judge_hiding(const SlotPlan& plan, Duration deviation, bool cut_by_cpu) {
  Hiding hiding{1, cut_by_cpu || plan.calls_per_release > 1};
  const Gaps gaps = gaps_of(plan);
  if (gaps.width_ns <= 0) return hiding;
  const double s = static_cast<double>(deviation.ns) / gaps.width_ns;
  const double d = gaps.factor * s * s;
  hiding.accuracy = 0.5 * std::erfc(-d / 2 / std::sqrt(2.0));
  return hiding;
}

Duration mean_gap(const SlotPlan& plan) {
  return plan.period() / releases_together(plan);
}

Duration max_hidden_deviation(const SlotPlan& plan) {
  constexpr double kMaxShift = 0.2513;  // twice the 0.55 quantile of the normal distribution
  const Gaps gaps = gaps_of(plan);
  return {static_cast<int64_t>(gaps.width_ns * std::sqrt(kMaxShift / gaps.factor))};
}

}  // namespace cuttle
