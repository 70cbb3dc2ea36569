#include "audit/feature_table.hh"

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/gram.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr int kLargestLag = 5;     // in hundredths of a window
constexpr size_t kMaxPairs = 120;  // beyond this only the two directions between the same nodes are compared
constexpr const char* kPairFeatures[] = {"packets correlate", "packets lag", "lateness correlates",
                                         "lag of the slots"};
constexpr size_t kPairFeatureCount = std::size(kPairFeatures);

struct Pair {
  size_t a;
  size_t b;
};

std::vector<Pair> choose_pairs(const std::vector<capture::LinkEnds>& links) {
  std::vector<Pair> pairs;
  const bool all = links.size() * (links.size() - 1) / 2 <= kMaxPairs;
  for (size_t a = 0; a < links.size(); ++a) {
    for (size_t b = a + 1; b < links.size(); ++b) {
      const bool opposite = links[a].from == links[b].to && links[a].to == links[b].from;
      if (all || opposite) pairs.push_back({a, b});
    }
  }
  return pairs;
}

std::array<float, kPairFeatureCount> pair_features(const LinkWindow& a, const LinkWindow& b,
                                                   float lag_of_slots) {
  const std::vector<double> counts_a(a.packet_course.begin(), a.packet_course.end());
  const std::vector<double> counts_b(b.packet_course.begin(), b.packet_course.end());
  double best = 0;
  int best_lag = 0;
  for (int lag = -kLargestLag; lag <= kLargestLag; ++lag) {
    const size_t skip_a = static_cast<size_t>(std::max(0, -lag));
    const size_t skip_b = static_cast<size_t>(std::max(0, lag));
    const double r = correlation_of(std::span(counts_a).subspan(skip_a), std::span(counts_b).subspan(skip_b));
    if (std::fabs(r) > std::fabs(best)) best = r, best_lag = lag;
  }
  const std::vector<double> late_a(a.lateness_course.begin(), a.lateness_course.end());
  const std::vector<double> late_b(b.lateness_course.begin(), b.lateness_course.end());
  return {static_cast<float>(best), static_cast<float>(best_lag),
          static_cast<float>(correlation_of(late_a, late_b)), lag_of_slots};
}

void name_columns(FeatureTable& table, const std::vector<Pair>& pairs) {
  for (const std::string& link : table.link_names) {
    for (const std::string& feature : link_feature_names()) table.names.push_back(link + ", " + feature);
  }
  for (const std::string& feature : link_feature_names())
    table.names.push_back("mean of all links, " + feature);
  for (const Pair& pair : pairs) {
    for (const char* feature : kPairFeatures) {
      table.names.push_back(table.link_names[pair.a] + " with " + table.link_names[pair.b] + ", " + feature);
    }
  }
}

}  // namespace

Matrix FeatureTable::of_link(size_t link) const {
  return take_columns(all, link * features_a_link, features_a_link);
}

std::vector<double> FeatureTable::column(size_t column) const {
  std::vector<double> values(all.rows);
  for (size_t row = 0; row < all.rows; ++row) values[row] = all.at(row, column);
  return values;
}

FeatureTable join_links(const capture::NodeList& nodes, const std::vector<capture::LinkEnds>& links,
                        const std::vector<std::vector<LinkWindow>>& windows, const WindowPlan& plan,
                        const std::vector<double>& periods_ns) {
  FeatureTable table;
  table.links = links;
  for (const capture::LinkEnds& link : links) table.link_names.push_back(nodes.link_name(link));
  const size_t width = link_feature_names().size();
  const std::vector<Pair> pairs = choose_pairs(links);
  table.features_a_link = width;
  name_columns(table, pairs);
  table.all.rows = plan.windows.size();
  table.all.columns = table.names.size();
  table.all.values.assign(table.all.rows * table.all.columns, kMissing);
  table.events.resize(table.all.rows);
  table.releases.resize(links.size());

  std::vector<double> starts;
  for (const Window& window : plan.windows) {
    starts.push_back(static_cast<double>((window.start - plan.windows[0].start).ns));
  }
  for (size_t l = 0; l < links.size(); ++l) {
    std::vector<double> phases;
    for (const LinkWindow& window : windows[l]) phases.push_back(window.phase_ns);
    const auto followed = follow_phases(phases, starts, periods_ns[l]);
    for (size_t row = 0; row < table.all.rows; ++row) {
      float* out = &table.all.values[row * table.all.columns + l * width];
      std::copy(windows[l][row].features.begin(), windows[l][row].features.end(), out);
      out[phase_feature()] = followed[row].first;
      out[neighbour_phase_feature()] = followed[row].second;
      table.releases[l].push_back(windows[l][row].releases);
      for (size_t e = 0; e < kEvents; ++e) table.events[row][e] += windows[l][row].events[e];
    }
  }
  for (size_t row = 0; row < table.all.rows; ++row) {
    float* const begin = &table.all.values[row * table.all.columns];
    for (size_t f = 0; f < width; ++f) {
      double sum = 0;
      size_t known = 0;
      for (size_t l = 0; l < links.size(); ++l) {
        const float value = begin[l * width + f];
        if (!std::isnan(value)) sum += value, ++known;
      }
      begin[links.size() * width + f] =
          known > 0 ? static_cast<float>(sum / static_cast<double>(known)) : kMissing;
    }
    float* out = begin + (links.size() + 1) * width;
    for (const Pair& pair : pairs) {
      // The phase difference means something only where both ride the same slots.
      const float phase_a = begin[pair.a * width + neighbour_phase_feature()];
      const float phase_b = begin[pair.b * width + neighbour_phase_feature()];
      const auto features = pair_features(windows[pair.a][row], windows[pair.b][row], phase_a - phase_b);
      out = std::copy(features.begin(), features.end(), out);
    }
  }
  return table;
}

}  // namespace cuttle::audit
