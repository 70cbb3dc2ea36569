#include "audit/grid_fit.hh"

#include <algorithm>
#include <array>
#include <cmath>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kMinReleases = 16;
constexpr size_t kRegressors = 3;  // trains before, cells before beyond the mean's, cells of its own
constexpr int kRounds = 5;
constexpr double kHuber = 1.345;            // 95 % efficient where there are no outliers (Huber 1981)
constexpr double kDeviationsAMad = 1.4826;  // of a normal distribution
constexpr double kCollinear = 1e-9;         // share of a regressor's variance that the others leave

using Columns = std::array<std::vector<double>, kRegressors>;

// Weighted least squares by Gram and Schmidt's way, an intercept first. Coefficients of `columns` as given;
// 0 for one that the others determine.
std::array<double, kRegressors> least_squares(const Columns& columns, const std::vector<double>& values,
                                              const std::vector<double>& weights,
                                              std::vector<double>& residuals) {
  const size_t n = values.size();
  const auto dot = [&](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += weights[i] * a[i] * b[i];
    return sum;
  };
  const auto take_out = [&](std::vector<double>& from, const std::vector<double>& what, double share) {
    for (size_t i = 0; i < n; ++i) from[i] -= share * what[i];
  };
  const std::vector<double> ones(n, 1);
  const double weight = dot(ones, ones);
  Columns basis = columns;
  std::array<double, kRegressors> norm{};
  double projection[kRegressors][kRegressors] = {};
  residuals = values;
  take_out(residuals, ones, dot(residuals, ones) / weight);
  std::array<double, kRegressors> along{};
  for (size_t k = 0; k < kRegressors; ++k) {
    take_out(basis[k], ones, dot(basis[k], ones) / weight);
    const double before = dot(basis[k], basis[k]);
    for (size_t j = 0; j < k; ++j) {
      if (norm[j] == 0) continue;
      projection[k][j] = dot(basis[k], basis[j]) / norm[j];
      take_out(basis[k], basis[j], projection[k][j]);
    }
    norm[k] = dot(basis[k], basis[k]);
    if (norm[k] <= before * kCollinear || norm[k] <= 0) {
      norm[k] = 0;
      continue;
    }
    along[k] = dot(residuals, basis[k]) / norm[k];
    take_out(residuals, basis[k], along[k]);
  }
  std::array<double, kRegressors> coefficients = along;
  for (size_t k = kRegressors; k-- > 0;) {
    for (size_t j = 0; j < k; ++j) coefficients[j] -= coefficients[k] * projection[k][j];
  }
  return coefficients;
}

}  // namespace

GridFit fit_grid(const Releases& releases) {
  GridFit fit;
  const size_t n = releases.size();
  if (n < kMinReleases) return fit;
  double all_cells = 0;
  for (const uint32_t cells : releases.cells) all_cells += cells;
  const double mean_cells = all_cells / static_cast<double>(n);
  Columns columns;
  std::vector<double> times;
  double before = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto place = static_cast<double>(i);
    columns[0].push_back(place);
    columns[1].push_back(before - mean_cells * place);
    columns[2].push_back(releases.cells[i]);
    times.push_back(static_cast<double>(releases.at_ns[i] - releases.at_ns[0]));
    before += releases.cells[i];
  }
  std::vector<double> weights(n, 1);
  std::array<double, kRegressors> found{};
  std::vector<double> sizes(n);
  for (int round = 0; round < kRounds; ++round) {
    found = least_squares(columns, times, weights, fit.residuals_ns);
    for (size_t i = 0; i < n; ++i) sizes[i] = std::fabs(fit.residuals_ns[i]);
    const auto middle = sizes.begin() + static_cast<ptrdiff_t>(n / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    const double bound = kHuber * std::max(1.0, kDeviationsAMad * *middle);
    for (size_t i = 0; i < n; ++i) {
      const double size = std::fabs(fit.residuals_ns[i]);
      weights[i] = size <= bound ? 1 : bound / size;
    }
  }
  fit.ns_a_train = found[0];
  fit.ns_a_cell = mean_cells > 0 ? found[0] / mean_cells : 0;
  fit.ns_a_cell_more = found[1];
  fit.ns_a_cell_own = found[2];
  return fit;
}

Pace pace_of(const std::vector<const Releases*>& consecutive) {
  double n = 0;
  double cells = 0;
  double sum[3] = {0, 0, 0};  // of trains, cells, times
  double trains_trains = 0;
  double cells_cells = 0;
  double trains_times = 0;
  double cells_times = 0;
  int64_t origin = 0;
  for (const Releases* releases : consecutive) {
    for (size_t i = 0; i < releases->size(); ++i) {
      if (n == 0) origin = releases->at_ns[i];
      const auto time = static_cast<double>(releases->at_ns[i] - origin);
      sum[0] += n, sum[1] += cells, sum[2] += time;
      trains_trains += n * n;
      cells_cells += cells * cells;
      trains_times += n * time;
      cells_times += cells * time;
      n += 1;
      cells += releases->cells[i];
    }
  }
  if (n < 3) return {};
  const auto slope = [&](double products, double squares, double sum_x) {
    const double divisor = n * squares - sum_x * sum_x;
    return divisor > 0 ? (n * products - sum_x * sum[2]) / divisor : 0;
  };
  return {slope(trains_times, trains_trains, sum[0]), slope(cells_times, cells_cells, sum[1])};
}

}  // namespace cuttle::audit
