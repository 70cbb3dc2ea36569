#include "audit/residual_table.hh"

#include <algorithm>
#include <cmath>
#include <map>

#include "audit/collector.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kMaxPairs = 60;  // of links; beyond this only those of one sender are compared

std::vector<double> steps_of(const std::vector<double>& values) {
  std::vector<double> steps;
  for (size_t i = 1; i < values.size(); ++i) steps.push_back(values[i] - values[i - 1]);
  return steps;
}

// How far the releases prefer one place in their slots: 0 not at all, 1 all at the same.
double concentration(const Releases& releases, double period_ns) {
  if (period_ns <= 0 || releases.size() == 0) return kMissingValue;
  double x = 0;
  double y = 0;
  for (const int64_t at : releases.at_ns) {
    const double angle =
        2 * M_PI * std::fmod(static_cast<double>(at - releases.at_ns[0]), period_ns) / period_ns;
    x += std::cos(angle);
    y += std::sin(angle);
  }
  return std::sqrt(x * x + y * y) / static_cast<double>(releases.size());
}

// What a train's length does to the release behind it.
void add_after_lengths(Collector& out, const Releases& releases, const std::vector<double>& residuals) {
  double difference = kMissingValue;
  double with_before = kMissingValue;
  double size_with_before = kMissingValue;
  if (!residuals.empty()) {
    std::vector<double> before(releases.cells.begin(), releases.cells.end() - 1);
    const std::vector<double> after(residuals.begin() + 1, residuals.end());
    std::vector<double> sizes;
    for (const double r : after) sizes.push_back(std::fabs(r));
    with_before = correlation_of(before, after);
    size_with_before = correlation_of(before, sizes);
    std::vector<double> sorted = before;
    std::sort(sorted.begin(), sorted.end());
    const double few = quantile_of_sorted(sorted, 0.25);
    const double many = quantile_of_sorted(sorted, 0.75);
    std::vector<double> behind_short;
    std::vector<double> behind_long;
    for (size_t i = 0; i < before.size(); ++i) {
      if (before[i] <= few) behind_short.push_back(after[i]);
      if (before[i] >= many) behind_long.push_back(after[i]);
    }
    difference = mean_of(behind_long) - mean_of(behind_short);
  }
  out.add("residual: behind long trains, against short", difference);
  out.add("residual: goes with the length before", with_before);
  out.add("residual: its size goes with the length before", size_with_before);
}

// Whether a release that is late makes the next one late, of the same link or of another.
void add_followers(Collector& out, const Releases& releases, const std::vector<double>& residuals) {
  std::vector<double> ahead[2];
  std::vector<double> behind[2];
  if (releases.link.size() == residuals.size()) {
    for (size_t i = 1; i < residuals.size(); ++i) {
      const size_t other = releases.link[i] == releases.link[i - 1] ? 0 : 1;
      ahead[other].push_back(residuals[i - 1]);
      behind[other].push_back(residuals[i]);
    }
  }
  for (const size_t other : {0, 1}) {
    out.add(other == 1 ? "residual: follows another link's" : "residual: follows the link's own",
            ahead[other].size() < 3 ? kMissingValue : correlation_of(ahead[other], behind[other]));
  }
}

struct SourcePair {
  size_t a;
  size_t b;
};

std::vector<SourcePair> choose_pairs(const std::vector<ReleaseSource>& sources, size_t links) {
  std::vector<SourcePair> pairs;
  const bool all = links * (links - 1) / 2 <= kMaxPairs;
  for (size_t a = 0; a < links; ++a) {
    for (size_t b = a + 1; b < links; ++b) {
      if (all || sources[a].node == sources[b].node) pairs.push_back({a, b});
    }
  }
  return pairs;
}

void add_pace(Collector& out, const GridFit& fit) {
  const bool any = !fit.residuals_ns.empty();
  out.add("pace: ns a train", any ? fit.ns_a_train : kMissingValue);
  out.add("pace: ns a cell", any ? fit.ns_a_cell : kMissingValue);
  out.add("pace: later for each cell before", any ? fit.ns_a_cell_more : kMissingValue);
  out.add("pace: later for each cell of its own", any ? fit.ns_a_cell_own : kMissingValue);
}

std::vector<ReleaseSource> make_sources(FeatureTable& table, const capture::NodeList& nodes,
                                        const std::vector<double>& periods_ns) {
  std::vector<ReleaseSource> sources;
  std::map<size_t, std::vector<size_t>> links_of;
  for (size_t l = 0; l < table.links.size(); ++l) {
    links_of[table.links[l].from].push_back(l);
    sources.push_back(
        {table.link_names[l], table.links[l].from, true, std::move(table.releases[l]), {}, periods_ns[l]});
  }
  table.releases.clear();
  for (const auto& [node, links] : links_of) {
    if (links.size() < 2) continue;
    ReleaseSource joined{nodes.at(node).name + ", all links", node, false, {}, {}, 0};
    for (size_t row = 0; row < table.all.rows; ++row) {
      std::vector<const Releases*> rows;
      for (const size_t l : links) rows.push_back(&sources[l].rows[row]);
      joined.rows.push_back(merge_links(rows));
    }
    sources.push_back(std::move(joined));
  }
  for (ReleaseSource& source : sources) {
    for (const Releases& releases : source.rows) source.fits.push_back(fit_grid(releases));
  }
  return sources;
}

}  // namespace

std::vector<float> residual_features(const Releases& releases, const std::vector<double>& residuals_ns,
                                     double period_ns, std::vector<std::string>* names) {
  Collector out(names);
  out.add_spread("residual", residuals_ns, kQuantiles);
  out.add_spread("residual, step to the next", steps_of(residuals_ns), kQuantiles);
  add_after_lengths(out, releases, residuals_ns);
  add_followers(out, releases, residuals_ns);
  out.add("phase: concentration", concentration(releases, period_ns));
  out.add("phase: concentration, half the slot", concentration(releases, period_ns / 2));
  return std::move(out.values);
}

std::vector<double> residual_course(const Releases& releases, const std::vector<double>& residuals_ns,
                                    const Window& window) {
  std::vector<double> sums(kCourse, 0);
  std::vector<double> counts(kCourse, 0);
  const double length = static_cast<double>((window.end - window.start).ns);
  for (size_t i = 0; i < residuals_ns.size(); ++i) {
    const double share = static_cast<double>(releases.at_ns[i] - window.start.ns) / length;
    const size_t place = std::min(static_cast<size_t>(std::max(0.0, share) * kCourse), kCourse - 1);
    sums[place] += residuals_ns[i];
    counts[place] += 1;
  }
  for (size_t i = 0; i < kCourse; ++i) sums[i] = counts[i] > 0 ? sums[i] / counts[i] : 0;
  return sums;
}

ResidualTable make_residual_table(FeatureTable& table, const capture::NodeList& nodes, const WindowPlan& plan,
                                  const std::vector<double>& periods_ns) {
  ResidualTable result;
  result.sources = make_sources(table, nodes, periods_ns);
  const size_t links = table.links.size();
  const std::vector<SourcePair> pairs = choose_pairs(result.sources, links);

  for (size_t row = 0; row < plan.windows.size(); ++row) {
    std::vector<std::vector<double>> courses;
    for (const ReleaseSource& source : result.sources) {
      std::vector<std::string> names;
      const GridFit& fit = source.fits[row];
      Collector pace(row == 0 ? &names : nullptr);
      add_pace(pace, fit);
      const auto features = residual_features(source.rows[row], fit.residuals_ns, source.period_ns,
                                              row == 0 ? &names : nullptr);
      result.values.values.insert(result.values.values.end(), pace.values.begin(), pace.values.end());
      result.values.values.insert(result.values.values.end(), features.begin(), features.end());
      for (const std::string& name : names) result.names.push_back(source.name + ", " + name);
      if (row == 0) result.features_a_source = names.size();
      if (source.is_link)
        courses.push_back(residual_course(source.rows[row], fit.residuals_ns, plan.windows[row]));
    }
    for (const auto& [a, b] : pairs) {
      if (row == 0)
        result.names.push_back(table.link_names[a] + " with " + table.link_names[b] +
                               ", residuals correlate");
      result.values.values.push_back(static_cast<float>(correlation_of(courses[a], courses[b])));
    }
  }
  result.values.rows = plan.windows.size();
  result.values.columns = result.names.size();
  return result;
}

}  // namespace cuttle::audit
