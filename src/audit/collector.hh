// Collects features and, on the first use, their names: the two cannot fall apart.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "audit/statistics.hh"

namespace cuttle::audit {

inline constexpr double kMissingValue = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kQuantiles[] = {0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999};
inline constexpr double kTailQuantiles[] = {0.001, 0.01, 0.99, 0.999};

class Collector {
 public:
  // `names`: appended to; null when they are known already.
  explicit Collector(std::vector<std::string>* names) : names_(names) {}

  void add(const std::string& name, double value) {
    if (names_ != nullptr) names_->push_back(name);
    values.push_back(static_cast<float>(value));
  }
  // What every kind of gap is described by. `in_order` is sorted in between, so it is a copy.
  void add_spread(const char* what, std::vector<double> in_order, std::span<const double> quantiles) {
    const std::string prefix = std::string(what) + ": ";
    const bool any = !in_order.empty();
    const auto put = [&](const char* name, double value) { add(prefix + name, any ? value : kMissingValue); };
    put("mean", mean_of(in_order));
    put("deviation", deviation_of(in_order));
    put("mean step", mean_step_of(in_order));
    put("autocorrelation", autocorrelation_of(in_order, 1));
    put("autocorrelation, lag 2", autocorrelation_of(in_order, 2));
    put("entropy", log_entropy_of(in_order));
    std::sort(in_order.begin(), in_order.end());
    for (const double q : quantiles) {
      std::string digits = std::to_string(q * 100);
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.back() == '.') digits.pop_back();
      add(prefix + digits + " %", any ? quantile_of_sorted(in_order, q) : kMissingValue);
    }
  }

  std::vector<float> values;

 private:
  std::vector<std::string>* names_;
};

}  // namespace cuttle::audit
