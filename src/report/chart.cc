#include "report/chart.hh"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/format.hh"
#include "report/axis_scale.hh"
#include "report/svg.hh"

namespace cuttle::report {

namespace {

constexpr double kHeight = 300;
constexpr double kLeft = 56;
constexpr double kRight = svg::kWidth - 12;
constexpr double kTop = 40;  // the y label and the words of the shades stand above
constexpr double kBottom = kHeight - 48;
constexpr size_t kMaxHoverPoints = 400;

struct Bounds {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void take(double value, Scale scale) {
    if (!drawable(value, scale)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void settle() {
    if (low > high) low = 1, high = 1;
  }
};

struct Drawing {
  const Chart& chart;
  AxisScale x;
  AxisScale y;
  std::string out;

  bool shown(const Point& point) const { return x.can_show(point.x) && y.can_show(point.y); }
  std::string note(const Series& series, const Point& point) const {
    if (!point.note.empty()) return point.note;
    const std::string values = three_digits(point.x) + ": " + three_digits(point.y);
    return series.name.empty() ? values : series.name + ", " + values;
  }
  void shades();
  void axes();
  void references();
  void path(const Series& series);
  void points(const Series& series, bool visible);
  void bars(const Series& series);
};

void Drawing::shades() {
  double free_from = 0;  // so that two words never overlap
  for (const Shade& shade : chart.shades) {
    const double from = x.pixel(shade.from);
    const double to = x.pixel(shade.to);
    out += svg::rectangle(from, kTop, std::max(0.5, to - from), kBottom - kTop,
                          fmt::format("shade {}", svg::colour_name(shade.colour)), shade.label);
    const double width = 7.0 * static_cast<double>(shade.label.size());
    const double middle = (from + to) / 2;
    if (to - from < 12 || middle - width / 2 < free_from) continue;
    out += svg::text(middle, kTop - 4, "tick middle", shade.label);
    free_from = middle + width / 2 + 4;
  }
}

void Drawing::axes() {
  for (const double tick : y.ticks()) {
    out += svg::line(kLeft, y.pixel(tick), kRight, y.pixel(tick), "grid");
    out += svg::text(kLeft - 6, y.pixel(tick) + 4, "tick end", short_number(tick));
  }
  for (const double tick : x.ticks()) {
    out += svg::line(x.pixel(tick), kBottom, x.pixel(tick), kBottom + 4, "frame");
    out += svg::text(x.pixel(tick), kBottom + 19, "tick middle", short_number(tick));
  }
  out += svg::line(kLeft, kBottom, kRight, kBottom, "frame");
  out += svg::text(0, 14, "label", chart.y.label);
  out += svg::text((kLeft + kRight) / 2, kHeight - 8, "label middle", chart.x.label);
}

void Drawing::references() {
  for (const Reference& reference : chart.references) {
    if (!y.can_show(reference.value)) continue;
    const double at = y.pixel(reference.value);
    out += svg::line(kLeft, at, kRight, at, "reference");
    out += svg::text(kRight - 2, at - 5, "tick end", reference.label);
  }
}

void Drawing::path(const Series& series) {
  std::string d;
  double last_y = 0;
  for (const Point& point : series.points) {
    if (!shown(point)) continue;
    const double px = x.pixel(point.x);
    const double py = y.pixel(point.y);
    if (d.empty()) {
      d = fmt::format("M{:.1f} {:.1f}", px, py);
    } else if (series.mark == Mark::step) {
      d += fmt::format("H{:.1f}V{:.1f}", px, py);
    } else {
      d += fmt::format("L{:.1f} {:.1f}", px, py);
    }
    last_y = py;
  }
  if (d.empty()) return;
  if (series.mark == Mark::step && chart.x.high) {
    d += fmt::format("H{:.1f}V{:.1f}", x.pixel(*chart.x.high), last_y);
  }
  // More than one curve: dashes tell them apart for those who do not see the colour.
  out += fmt::format("<g class=\"{}\"><path d=\"{}\" class=\"curve {}\"/></g>",
                     chart.series.size() > 1 ? "many" : "one", d, svg::colour_name(series.colour));
}

void Drawing::points(const Series& series, bool visible) {
  const std::string classes =
      visible ? fmt::format("dot {}", svg::colour_name(series.colour)) : std::string("hover");
  for (const Point& point : series.points) {
    if (!shown(point)) continue;
    out += svg::circle(x.pixel(point.x), y.pixel(point.y), visible ? 2.2 : 6, classes, note(series, point));
  }
}

void Drawing::bars(const Series& series) {
  for (const Point& point : series.points) {
    if (!shown(point)) continue;
    const double from = x.pixel(point.x - series.bar_width / 2);
    const double to = x.pixel(point.x + series.bar_width / 2);
    const double top = y.pixel(point.y);
    out += svg::rectangle(from, top, std::max(1.0, to - from), std::max(0.0, kBottom - top),
                          fmt::format("bar {}", svg::colour_name(series.colour)), note(series, point));
  }
}

std::string legend(const Chart& chart) {
  const auto named = std::count_if(chart.series.begin(), chart.series.end(),
                                   [](const Series& series) { return !series.name.empty(); });
  if (named < 2) return "";
  std::string html = "<ul class=\"legend\">";
  for (const Series& series : chart.series) {
    if (series.name.empty()) continue;
    html += fmt::format("<li><span class=\"key {}\"></span>{}</li>", svg::colour_name(series.colour),
                        escape(series.name));
  }
  return html + "</ul>";
}

}  // namespace

std::string figure(const Chart& chart) {
  Bounds x_bounds;
  Bounds y_bounds;
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      x_bounds.take(point.x - series.bar_width / 2, chart.x.scale);
      x_bounds.take(point.x + series.bar_width / 2, chart.x.scale);
      y_bounds.take(point.y, chart.y.scale);
    }
  }
  for (const Shade& shade : chart.shades) {
    x_bounds.take(shade.from, chart.x.scale);
    x_bounds.take(shade.to, chart.x.scale);
  }
  for (const Reference& reference : chart.references) y_bounds.take(reference.value, chart.y.scale);
  x_bounds.settle();
  y_bounds.settle();

  Drawing drawing{chart, AxisScale(chart.x, x_bounds.low, x_bounds.high, kLeft, kRight, false),
                  AxisScale(chart.y, y_bounds.low, y_bounds.high, kBottom, kTop, true), ""};
  drawing.shades();
  drawing.axes();
  drawing.references();
  for (const Series& series : chart.series) {
    switch (series.mark) {
      case Mark::line:
      case Mark::step:
        drawing.path(series);
        if (series.points.size() <= kMaxHoverPoints) drawing.points(series, false);
        break;
      case Mark::dots:
        drawing.points(series, true);
        break;
      case Mark::bars:
        drawing.bars(series);
        break;
    }
  }
  return svg::wrap(chart.title, legend(chart), kHeight, drawing.out, chart.caption);
}

namespace svg {

std::string wrap(const std::string& title, const std::string& legend, double height,
                 const std::string& drawing, const std::string& caption) {
  std::string html = fmt::format(
      "<figure><h3>{0}</h3>{1}<svg viewBox=\"0 0 {2:.0f} {3:.0f}\" role=\"img\" "
      "aria-label=\"{0}\">{4}</svg>",
      escape(title), legend, kWidth, height, drawing);
  if (!caption.empty()) html += fmt::format("<figcaption>{}</figcaption>", escape(caption));
  return html + "</figure>\n";
}

}  // namespace svg

}  // namespace cuttle::report
