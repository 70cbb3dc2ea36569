#include <algorithm>
#include <cmath>

#include "base/format.hh"
#include "report/axis_scale.hh"
#include "report/chart.hh"
#include "report/svg.hh"

namespace cuttle::report {

namespace {

constexpr double kLeft = 4;
constexpr double kRight = svg::kWidth - 64;  // the values are printed in what is left
constexpr double kTop = 22;
constexpr double kRowHeight = 38;  // a line of text above its bar

std::string value_text(const Row& row) {
  return row.value_text.empty() ? three_digits(row.value) : row.value_text;
}

std::string row_drawing(const Row& row, const AxisScale& scale, double top) {
  const std::string colour = svg::colour_name(row.colour);
  const double at = scale.pixel(row.value);
  const double middle = top + 27;
  const std::string note = row.label + ": " + value_text(row);
  std::string out = svg::text(kLeft, top + 15, "tick", row.label);
  if (row.low && row.high && scale.can_show(*row.low) && scale.can_show(*row.high)) {
    out += svg::line(scale.pixel(*row.low), middle, scale.pixel(*row.high), middle, "interval " + colour);
    out += svg::circle(at, middle, 5, "dot " + colour, note);
  } else {
    out += svg::rectangle(kLeft, top + 21, std::max(1.0, at - kLeft), 11, "bar " + colour, note);
  }
  return out + svg::text(svg::kWidth - 4, middle + 4, "tick end", value_text(row));
}

}  // namespace

std::string figure(const RowChart& chart) {
  double low = chart.value.scale == Scale::logarithmic ? INFINITY : 0;
  double high = -INFINITY;
  const auto take = [&](double value) {
    if (!drawable(value, chart.value.scale)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const Row& row : chart.rows) {
    take(row.value);
    if (row.low) take(*row.low);
    if (row.high) take(*row.high);
  }
  for (const Reference& reference : chart.references) take(reference.value);
  if (!(high > -INFINITY)) low = 0, high = 1;

  const AxisScale scale(chart.value, low, high, kLeft, kRight, true);
  const double bottom = kTop + kRowHeight * static_cast<double>(chart.rows.size());
  std::string out;
  for (const double tick : scale.ticks()) {
    out += svg::line(scale.pixel(tick), kTop, scale.pixel(tick), bottom, "grid");
    out += svg::text(scale.pixel(tick), bottom + 17, tick == scale.ticks().front() ? "tick" : "tick middle",
                     short_number(tick));
  }
  for (const Reference& reference : chart.references) {
    out += svg::line(scale.pixel(reference.value), kTop, scale.pixel(reference.value), bottom, "reference");
    out += svg::text(scale.pixel(reference.value), kTop - 6, "tick middle", reference.label);
  }
  double top = kTop;
  for (const Row& row : chart.rows) {
    if (scale.can_show(row.value)) out += row_drawing(row, scale, top);
    top += kRowHeight;
  }
  out += svg::text((kLeft + kRight) / 2, bottom + 37, "label middle", chart.value.label);
  return svg::wrap(chart.title, "", bottom + 44, out, chart.caption);
}

}  // namespace cuttle::report
