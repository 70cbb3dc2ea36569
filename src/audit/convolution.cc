#include "audit/convolution.hh"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/random.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kTaps = 9;
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr double kGoldenRatio = 0.6180339887498949;  // steps that fill an interval evenly at every length

using Kernel = std::array<size_t, 3>;  // the taps of weight 2

std::vector<Kernel> all_kernels() {
  std::vector<Kernel> kernels;
  for (size_t a = 0; a < kTaps; ++a) {
    for (size_t b = a + 1; b < kTaps; ++b) {
      for (size_t c = b + 1; c < kTaps; ++c) kernels.push_back({a, b, c});
    }
  }
  return kernels;
}

// One sequence's windows, kernel by kernel at one dilation.
class Convolver {
 public:
  Convolver(const Sequences& sequences, size_t dilation) : sequences_(sequences), dilation_(dilation) {
    sums_.reserve(sequences.rows.size());
    for (const std::vector<float>& row : sequences.rows) {
      std::vector<float> sum(products_of(row), 0);
      for (size_t tap = 0; tap < kTaps; ++tap) {
        for (size_t t = 0; t < sum.size(); ++t) sum[t] += row[t + tap * dilation];
      }
      sums_.push_back(std::move(sum));
    }
  }

  // Fills products_ and says how many there are.
  size_t convolve_row(size_t row, const Kernel& kernel) {
    const std::vector<float>& sum = sums_[row];
    products_.resize(std::max(products_.size(), sum.size()));
    const float* const x = sequences_.rows[row].data();
    const float* const a = x + kernel[0] * dilation_;
    const float* const b = x + kernel[1] * dilation_;
    const float* const c = x + kernel[2] * dilation_;
    float* const out = products_.data();
    for (size_t t = 0; t < sum.size(); ++t) out[t] = 3 * (a[t] + b[t] + c[t]) - sum[t];
    return sum.size();
  }

  float share_above(size_t row, const Kernel& kernel, float bias) {
    const size_t n = convolve_row(row, kernel);
    if (n == 0) return kMissing;
    const float* const out = products_.data();
    uint32_t above = 0;
    for (size_t t = 0; t < n; ++t) above += out[t] > bias ? 1 : 0;
    return static_cast<float>(above) / static_cast<float>(n);
  }

  float quantile(size_t row, const Kernel& kernel, double q) {
    const size_t n = convolve_row(row, kernel);
    if (n == 0) return 0;
    const auto place = products_.begin() + static_cast<ptrdiff_t>(q * static_cast<double>(n - 1));
    std::nth_element(products_.begin(), place, products_.begin() + static_cast<ptrdiff_t>(n));
    return *place;
  }

 private:
  size_t products_of(const std::vector<float>& row) const {
    const size_t reach = (kTaps - 1) * dilation_;
    return row.size() > reach ? row.size() - reach : 0;
  }

  const Sequences& sequences_;
  size_t dilation_;
  std::vector<std::vector<float>> sums_;
  std::vector<float> products_;
};

// 1, 2, 4, ... as far as a kernel leaves half of the usual sequence.
std::vector<size_t> dilations_for(const Sequences& sequences, size_t max) {
  std::vector<size_t> lengths;
  for (const std::vector<float>& row : sequences.rows) lengths.push_back(row.size());
  const auto middle = lengths.begin() + static_cast<ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  std::vector<size_t> dilations;
  for (size_t d = 1; d <= max && d * (kTaps - 1) * 2 <= *middle; d *= 2) dilations.push_back(d);
  return dilations;
}

std::vector<Kernel> draw_kernels(size_t count, Random& random) {
  std::vector<Kernel> kernels = all_kernels();
  for (size_t i = kernels.size(); i > 1; --i) std::swap(kernels[i - 1], kernels[random.below(i)]);
  kernels.resize(std::min(count, kernels.size()));
  return kernels;
}

}  // namespace

Matrix convolve(const std::vector<Sequences>& sequences, const ConvolutionOptions& options,
                Progress& progress) {
  size_t scans = 0;
  for (const Sequences& one : sequences)
    scans += one.rows.empty() ? 0 : dilations_for(one, options.max_dilation).size();
  Matrix result{sequences.empty() ? 0 : sequences[0].rows.size(), 0, {}};
  if (scans == 0 || result.rows == 0) return result;
  const size_t kernels_a_scan = std::max<size_t>(1, options.max_columns / scans);

  progress.begin("convolutions");
  Random random(options.seed ^ 0x636f6e766f6c7665);
  std::vector<std::vector<float>> columns;
  double place = random.unit();
  size_t scanned = 0;
  for (const Sequences& one : sequences) {
    for (const size_t dilation : dilations_for(one, options.max_dilation)) {
      Convolver convolver(one, dilation);
      for (const Kernel& kernel : draw_kernels(kernels_a_scan, random)) {
        place = std::fmod(place + kGoldenRatio, 1.0);
        const float bias = convolver.quantile(random.below(result.rows), kernel, place);
        std::vector<float> column(result.rows);
        for (size_t row = 0; row < result.rows; ++row) column[row] = convolver.share_above(row, kernel, bias);
        columns.push_back(std::move(column));
      }
      progress.at(static_cast<double>(++scanned) / static_cast<double>(scans));
    }
  }
  result.columns = columns.size();
  result.values.resize(result.rows * result.columns);
  for (size_t c = 0; c < columns.size(); ++c) {
    for (size_t row = 0; row < result.rows; ++row) result.values[row * result.columns + c] = columns[c][row];
  }
  progress.finish();
  return result;
}

}  // namespace cuttle::audit
