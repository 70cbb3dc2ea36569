#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/link_features.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kNeighbours = 15;  // windows on either side

// Adds whole periods so that each phase is the nearest to the one before.
std::vector<double> unwrapped(std::span<const double> phases, double period) {
  std::vector<double> result(phases.begin(), phases.end());
  double last = std::numeric_limits<double>::quiet_NaN();
  for (double& phase : result) {
    if (std::isnan(phase)) continue;
    if (!std::isnan(last)) phase = last + std::remainder(phase - last, period);
    last = phase;
  }
  return result;
}

struct Line {
  double slope = 0;
  double offset = 0;
};

Line fit(const std::vector<double>& values, std::span<const double> at) {
  double n = 0;
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  const double x0 = at.empty() ? 0 : at[0];
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const double x = at[i] - x0;
    n += 1;
    sum_x += x;
    sum_y += values[i];
    sum_xx += x * x;
    sum_xy += x * values[i];
  }
  const double divisor = n * sum_xx - sum_x * sum_x;
  if (n < 2 || divisor <= 0) return {0, n > 0 ? sum_y / n : 0};
  const double slope = (n * sum_xy - sum_x * sum_y) / divisor;
  return {slope, (sum_y - slope * sum_x) / n};
}

}  // namespace

std::vector<std::pair<float, float>> follow_phases(std::span<const double> phases_ns,
                                                   std::span<const double> starts_ns, double period_ns) {
  constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::pair<float, float>> result(phases_ns.size(), {kMissing, kMissing});
  if (period_ns <= 0) return result;
  std::vector<double> phases = unwrapped(phases_ns, period_ns);
  const Line line = fit(phases, starts_ns);
  for (size_t i = 0; i < phases.size(); ++i) {
    phases[i] -= line.offset + line.slope * (starts_ns[i] - starts_ns[0]);
  }
  for (size_t i = 0; i < phases.size(); ++i) {
    if (std::isnan(phases[i])) continue;
    std::vector<double> around;
    const size_t from = i > kNeighbours ? i - kNeighbours : 0;
    for (size_t j = from; j < std::min(phases.size(), i + kNeighbours + 1); ++j) {
      if (!std::isnan(phases[j])) around.push_back(phases[j]);
    }
    result[i] = {static_cast<float>(phases[i]), static_cast<float>(phases[i] - median_of(std::move(around)))};
  }
  return result;
}

}  // namespace cuttle::audit
