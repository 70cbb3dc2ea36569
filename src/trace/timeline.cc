#include "trace/timeline.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/format.hh"
#include "report/html.hh"

namespace cuttle::trace {

namespace {

constexpr double kWidth = 1000;
constexpr double kLeft = 130;
constexpr double kRight = kWidth - 10;
constexpr double kTop = 12;
constexpr double kLaneHeight = 46;
constexpr double kBarHeight = 24;

struct Lane {
  std::string lane;
  std::string node;  // of the steps in it; empty: any
  std::string label;
  const char* colour;
};

// Fixed order; a replica has a lane of its own each.
std::vector<Lane> lanes_of(const Trace& trace) {
  std::vector<Lane> lanes = {{kClientLane, "", "client", "blue"},
                             {kMonitorLane, "", "monitor", "violet"},
                             {kWireLane, "", "on the wire", "grey"}};
  for (const char* kind : {kPrimaryLane, kReplicaLane}) {
    for (const Step& step : trace.steps) {
      const bool known = std::any_of(lanes.begin(), lanes.end(), [&](const Lane& lane) {
        return lane.lane == kind && lane.node == step.node;
      });
      if (step.lane == kind && !known) {
        lanes.push_back({kind, step.node, fmt::format("{} {}", kind, step.node),
                         kind == std::string(kPrimaryLane) ? "teal" : "ochre"});
      }
    }
  }
  return lanes;
}

class Drawing {
 public:
  Drawing(int64_t from_ns, int64_t to_ns, size_t lanes)
      : from_ns_(from_ns),
        to_ns_(std::max(to_ns, from_ns + 1)),
        bottom_(kTop + kLaneHeight * static_cast<double>(lanes)) {}

  void axis() {
    const double span_us = static_cast<double>(to_ns_ - from_ns_) * 1e-3;
    const double step = round_step(span_us / 8);
    for (double at = 0; at <= span_us; at += step) {
      const double x = pixel(from_ns_ + static_cast<int64_t>(at * 1e3));
      out_ +=
          fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" class=\"grid\"/>", x,
                      kTop, bottom_);
      out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"tick middle\">{}</text>", x, bottom_ + 18,
                          at == 0 ? std::string("0") : nanoseconds_text(at * 1e3));
    }
  }

  void lane(const Lane& lane, size_t index, const Trace& trace) {
    const double top = kTop + kLaneHeight * static_cast<double>(index) + (kLaneHeight - kBarHeight) / 2;
    out_ += fmt::format("<text x=\"4\" y=\"{:.1f}\">{}</text>", top + 17, report::escape(lane.label));
    size_t shown = 0;
    for (const Step& step : trace.steps) {
      const bool belongs =
          step.lane == lane.lane && (lane.node.empty() || lane.node == step.node) && !step.background;
      if (belongs && step.at_ns <= to_ns_ && step.end_ns() >= from_ns_)
        bar(step, lane, top, shown++, trace.begin_ns);
    }
  }

  std::string to_string() const { return out_; }
  double height() const { return bottom_ + 26; }

 private:
  double pixel(int64_t ns) const {
    const double share = static_cast<double>(std::clamp(ns, from_ns_, to_ns_) - from_ns_) /
                         static_cast<double>(to_ns_ - from_ns_);
    return kLeft + share * (kRight - kLeft);
  }

  static double round_step(double wanted) {
    const double magnitude = std::pow(10, std::floor(std::log10(std::max(wanted, 1e-3))));
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (wanted <= magnitude * factor) return magnitude * factor;
    }
    return magnitude * 10;
  }

  // Neighbours differ in height, so that one sees where a step ends.
  void bar(const Step& step, const Lane& lane, double top, size_t shown, int64_t begin_ns) {
    const bool crosses = lane.lane == kWireLane && !step.link.empty();
    const double from = pixel(step.at_ns);
    const double width = std::max(1.0, pixel(step.end_ns()) - from - 0.6);
    const double inset = shown % 2 == 0 ? 0 : 4;
    std::string note =
        fmt::format("{} at {}", step.title, nanoseconds_text(static_cast<double>(step.at_ns - begin_ns)));
    if (step.duration_ns) note += ", " + nanoseconds_text(static_cast<double>(*step.duration_ns));
    if (!step.detail.empty()) note += " (" + step.detail + ")";
    if (!step.link.empty()) note += ", shaped by link " + step.link;
    out_ += fmt::format(
        "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" class=\"bar "
        "{}\"><title>{}</title></rect>",
        from, top + inset, width, kBarHeight - 2 * inset, crosses ? "orange" : lane.colour,
        report::escape(note));
  }

  int64_t from_ns_;
  int64_t to_ns_;
  double bottom_;
  std::string out_;
};

}  // namespace

std::string timeline(const Trace& trace, int64_t from_ns, int64_t to_ns, const std::string& title,
                     const std::string& caption) {
  const std::vector<Lane> lanes = lanes_of(trace);
  Drawing drawing(from_ns, to_ns, lanes.size());
  drawing.axis();
  for (size_t i = 0; i < lanes.size(); ++i) drawing.lane(lanes[i], i, trace);
  return fmt::format(
      "<figure style=\"margin-bottom: 1.6rem\"><h3>{0}</h3>\n<svg viewBox=\"0 0 {1:.0f} {2:.0f}\" "
      "role=\"img\" aria-label=\"{0}\">{3}</svg>\n"
      "<figcaption>{4}</figcaption></figure>\n",
      report::escape(title), kWidth, drawing.height(), drawing.to_string(), report::escape(caption));
}

}  // namespace cuttle::trace
