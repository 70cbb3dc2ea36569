// All windows of a capture as the attacker sees them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "audit/link_features.hh"
#include "audit/window_plan.hh"
#include "capture/nodes.hh"

namespace cuttle::audit {

struct Matrix {
  size_t rows = 0;
  size_t columns = 0;
  std::vector<float> values;  // row by row; NaN: not known

  float at(size_t row, size_t column) const { return values[row * columns + column]; }
};

struct FeatureTable {
  std::vector<capture::LinkEnds> links;  // those with packets, sorted
  std::vector<std::string> link_names;
  Matrix all;  // a row each window: every link's features, their means, and pairs of links
  std::vector<std::string> names;                   // of the columns of `all`
  size_t features_a_link = 0;                       // the columns of link i begin at i * features_a_link
  std::vector<std::array<double, kEvents>> events;  // a row each window, summed over the links
  std::vector<std::vector<Releases>> releases;      // [link][row]

  // The columns of one link alone.
  Matrix of_link(size_t link) const;
  std::vector<double> column(size_t column) const;
};

// `windows[link][window]`. Joins the links' windows into one table. `periods_ns`: slot length for each link.
FeatureTable join_links(const capture::NodeList& nodes, const std::vector<capture::LinkEnds>& links,
                        const std::vector<std::vector<LinkWindow>>& windows, const WindowPlan& plan,
                        const std::vector<double>& periods_ns);

}  // namespace cuttle::audit
