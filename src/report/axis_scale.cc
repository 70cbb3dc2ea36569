#include "report/axis_scale.hh"

#include <algorithm>
#include <cmath>

namespace cuttle::report {

namespace {

constexpr int kWantedTicks = 6;
constexpr double kLargest = 1e15;
constexpr double kSmallestLogarithmic = 1e-12;

double round_step(double span) {
  const double rough = span / kWantedTicks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

}  // namespace

bool drawable(double value, Scale scale) {
  return std::fabs(value) <= kLargest && (scale == Scale::linear || value >= kSmallestLogarithmic);
}

AxisScale::AxisScale(const Axis& axis, double low, double high, double from_pixel, double to_pixel,
                     bool from_zero)
    : scale_(axis.scale), from_pixel_(from_pixel), to_pixel_(to_pixel) {
  if (scale_ == Scale::linear && from_zero && low > 0) low = 0;
  low = axis.low.value_or(low);
  high = axis.high.value_or(high);
  if (scale_ == Scale::logarithmic) {
    low = std::max(low, kSmallestLogarithmic);
    high = std::max(high, low * 1.0001);
    low_ = axis.low ? low : std::pow(10, std::floor(std::log10(low) + 1e-9));
    high_ = axis.high ? high : std::pow(10, std::ceil(std::log10(high) - 1e-9));
    if (high_ <= low_) high_ = low_ * 10;
    return;
  }
  if (!(high > low)) high = low + std::max(1.0, std::fabs(low));
  step_ = round_step(high - low);
  low_ = axis.low ? low : std::floor(low / step_ + 1e-9) * step_;
  high_ = axis.high ? high : std::ceil(high / step_ - 1e-9) * step_;
}

double AxisScale::place(double value) const {
  if (scale_ == Scale::logarithmic) return std::log(value / low_) / std::log(high_ / low_);
  return (value - low_) / (high_ - low_);
}

double AxisScale::pixel(double value) const {
  return from_pixel_ + (to_pixel_ - from_pixel_) * std::clamp(place(value), 0.0, 1.0);
}

std::vector<double> AxisScale::ticks() const {
  std::vector<double> ticks;
  if (scale_ == Scale::logarithmic) {
    const double first = std::ceil(std::log10(low_) - 1e-9);
    const double last = std::floor(std::log10(high_) + 1e-9);
    const double stride = std::ceil(std::max(1.0, (last - first) / 6));
    for (double e = first; e <= last + 1e-9; e += stride) ticks.push_back(std::pow(10, e));
    return ticks;
  }
  const double first = std::ceil(low_ / step_ - 1e-9);
  for (double n = first; n * step_ <= high_ + step_ * 1e-6; ++n) ticks.push_back(n == 0 ? 0 : n * step_);
  return ticks;
}

}  // namespace cuttle::report
