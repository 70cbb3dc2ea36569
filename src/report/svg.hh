// The few SVG elements the charts draw. Private to this folder.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "report/chart.hh"
#include "report/html.hh"

namespace cuttle::report::svg {

inline constexpr double kWidth = 480;  // drawn so on a wide screen, scaled to the column on a phone

inline const char* colour_name(Colour colour) {
  constexpr const char* kNames[] = {"blue", "orange", "teal", "violet", "ochre", "grey"};
  return kNames[static_cast<int>(colour)];
}

inline std::string text(double x, double y, std::string_view classes, std::string_view content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>", x, y, classes,
                     escape(content));
}
inline std::string line(double x1, double y1, double x2, double y2, std::string_view classes) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>", x1, y1,
                     x2, y2, classes);
}
inline std::string rectangle(double x, double y, double width, double height, std::string_view classes,
                             std::string_view title = {}) {
  const std::string shape =
      fmt::format("<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" class=\"{}\"", x, y,
                  width, height, classes);
  return title.empty() ? shape + "/>" : fmt::format("{}><title>{}</title></rect>", shape, escape(title));
}
inline std::string circle(double x, double y, double radius, std::string_view classes,
                          std::string_view title = {}) {
  const std::string shape =
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" class=\"{}\"", x, y, radius, classes);
  return title.empty() ? shape + "/>" : fmt::format("{}><title>{}</title></circle>", shape, escape(title));
}

// <figure>: title above, then `legend` (HTML), the drawing and the caption.
std::string wrap(const std::string& title, const std::string& legend, double height,
                 const std::string& drawing, const std::string& caption);

}  // namespace cuttle::report::svg
