// Charts as inline SVG: values over time or over any other axis, and rows of bars or intervals. No scripts,
// no external files; colours come from the page's style sheet, so a chart follows light, dark and print.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cuttle::report {

enum class Mark {
  line,  // points joined
  step,  // each value holds until the next point
  dots,  // scatter
  bars,  // histogram: one bar a point, `bar_width` wide, centred on it
};

enum class Scale { linear, logarithmic };

// Colours keep their meaning on a page: a series names its colour, it does not depend on the order.
enum class Colour { blue, orange, teal, violet, ochre, grey };

struct Point {
  double x = 0;
  double y = 0;
  std::string note;  // shown on hovering; empty: made from the values
};

struct Series {
  std::string name;  // in the legend when a chart has more than one
  Mark mark = Mark::line;
  Colour colour = Colour::blue;
  std::vector<Point> points;  // in the order of x
  double bar_width = 0;       // in units of x
};

struct Axis {
  std::string label;  // with the unit: "time (s)"
  Scale scale = Scale::linear;
  std::optional<double> low;  // taken from the data when absent
  std::optional<double> high;
};

// A stretch of the x axis in a light tint, with a word at its top.
struct Shade {
  double from = 0;
  double to = 0;
  std::string label;
  Colour colour = Colour::grey;
};

// A dashed line across the chart.
struct Reference {
  double value = 0;
  std::string label;
};

struct Chart {
  std::string title;
  std::string caption;  // one sentence: what to see
  Axis x;
  Axis y;
  std::vector<Series> series;
  std::vector<Shade> shades;
  std::vector<Reference> references;  // of y
};

// One row each: a bar from the axis' start, or, when `low` and `high` are given, a dot with an interval.
struct Row {
  std::string label;
  double value = 0;
  std::optional<double> low;
  std::optional<double> high;
  Colour colour = Colour::blue;
  std::string value_text;  // printed at the row's end; empty: made from the value
};

struct RowChart {
  std::string title;
  std::string caption;
  Axis value;
  std::vector<Row> rows;
  std::vector<Reference> references;  // of the value
};

// A <figure> with title, legend, drawing and caption. Points that are not finite (or beyond 10^15), or
// not positive on a logarithmic axis, are left out.
std::string figure(const Chart& chart);
std::string figure(const RowChart& chart);

}  // namespace cuttle::report
