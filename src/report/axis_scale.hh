// Where a value falls on an axis, and where its ticks are.
#pragma once

#include <vector>

#include "report/chart.hh"

namespace cuttle::report {

// Whether a value can stand on an axis: finite, of a size a person could read, positive where the axis is
// logarithmic.
bool drawable(double value, Scale scale);

class AxisScale {
 public:
  // Spans [low, high] of the data, or what `axis` fixes, over the pixels from..to; ends are widened to round
  // numbers where `axis` leaves them open. A linear axis over positive values only starts at 0 when
  // `from_zero`.
  AxisScale(const Axis& axis, double low, double high, double from_pixel, double to_pixel, bool from_zero);

  bool can_show(double value) const { return drawable(value, scale_); }
  double pixel(double value) const;  // clamped to the axis
  std::vector<double> ticks() const;

 private:
  double place(double value) const;

  Scale scale_;
  double low_;
  double high_;
  double from_pixel_;
  double to_pixel_;
  double step_ = 1;
};

}  // namespace cuttle::report
