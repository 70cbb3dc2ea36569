// What an attacker computes from the distance of each release to its grid: for every link, for every sender
// over all its links together in the order seen, and between links.
#pragma once

#include <string>
#include <vector>

#include "audit/feature_table.hh"
#include "audit/grid_fit.hh"

namespace cuttle::audit {

// One link, or all links of one sender that has several.
struct ReleaseSource {
  std::string name;
  size_t node = 0;             // the sender, as in the node list
  bool is_link = true;         //
  std::vector<Releases> rows;  // of each window
  std::vector<GridFit> fits;   // likewise
  double period_ns = 0;        // of the slots; 0: not known
};

struct ResidualTable {
  std::vector<ReleaseSource> sources;  // the table's links first, in its order, then the senders
  Matrix values;                       // a row each window
  std::vector<std::string> names;      // of the columns
  size_t features_a_source = 0;        // the columns of source i begin at i * features_a_source
};

// Takes the releases out of the table. `periods_ns` as for join_links.
ResidualTable make_residual_table(FeatureTable& table, const capture::NodeList& nodes, const WindowPlan& plan,
                                  const std::vector<double>& periods_ns);

// The features of one window of one source, in the order of `residual_feature_names()`.
std::vector<float> residual_features(const Releases& releases, const std::vector<double>& residuals_ns,
                                     double period_ns, std::vector<std::string>* names);
// The mean distance in each hundredth of the window; 0 where nothing was released.
std::vector<double> residual_course(const Releases& releases, const std::vector<double>& residuals_ns,
                                    const Window& window);

}  // namespace cuttle::audit
