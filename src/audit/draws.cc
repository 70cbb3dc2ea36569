#include "audit/draws.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "audit/collector.hh"
#include "audit/convolution.hh"

namespace cuttle::audit {

namespace {

struct LateSource {
  std::string name;
  std::vector<Lateness> rows;
};

std::vector<float> features_of(const Lateness& lateness, std::vector<std::string>* names) {
  Collector level(names);
  level.add("matched with the draws", static_cast<double>(lateness.releases.size()));
  level.add("late, level", lateness.late_ns.empty() ? kMissingValue : median_of(lateness.late_ns));
  std::vector<float> features = residual_features(lateness.releases, lateness.late_ns, 0, names);
  level.values.insert(level.values.end(), features.begin(), features.end());
  return std::move(level.values);
}

// The links of one sender in the order of time.
Lateness merge_lateness(const std::vector<const Lateness*>& links) {
  struct Late {
    int64_t at_ns;
    uint32_t cells;
    uint16_t link;
    double late_ns;
  };
  std::vector<Late> all;
  for (size_t l = 0; l < links.size(); ++l) {
    const Releases& releases = links[l]->releases;
    for (size_t i = 0; i < releases.size(); ++i) {
      all.push_back({releases.at_ns[i], releases.cells[i], static_cast<uint16_t>(l), links[l]->late_ns[i]});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Late& a, const Late& b) { return a.at_ns < b.at_ns; });
  Lateness merged;
  for (const Late& one : all) {
    merged.releases.add(one.at_ns, one.cells);
    merged.releases.link.push_back(one.link);
    merged.late_ns.push_back(one.late_ns);
  }
  return merged;
}

void add_senders(const std::map<size_t, std::vector<size_t>>& links_of, const capture::NodeList& nodes,
                 std::vector<LateSource>& sources) {
  for (const auto& [node, links] : links_of) {
    if (links.size() < 2) continue;
    LateSource joined{nodes.at(node).name + ", all links", {}};
    for (size_t row = 0; row < sources[links[0]].rows.size(); ++row) {
      std::vector<const Lateness*> rows;
      for (const size_t l : links) rows.push_back(&sources[l].rows[row]);
      joined.rows.push_back(merge_lateness(rows));
    }
    sources.push_back(std::move(joined));
  }
}

}  // namespace

Result<DrawsTables> make_draws_tables(const std::vector<ScheduledLink>& schedules,
                                      const std::vector<ReleaseSource>& sources, const FeatureTable& table,
                                      const capture::NodeList& nodes, uint64_t seed, Progress& progress) {
  DrawsTables result;
  result.links = schedules.size();
  if (schedules.empty()) return result;
  progress.begin("matching releases with their draws");
  std::vector<LateSource> late;
  std::map<size_t, std::vector<size_t>> links_of;
  for (const ScheduledLink& scheduled : schedules) {
    const std::string name = nodes.link_name(scheduled.ends);
    const auto at = std::find(table.links.begin(), table.links.end(), scheduled.ends);
    if (at == table.links.end())
      return failure(fmt::format("schedule of {}: the capture has no such link", name));
    auto matched =
        match_draws(sources[static_cast<size_t>(at - table.links.begin())].rows, scheduled.drawn, name);
    if (!matched) return tl::unexpected(matched.error());
    links_of[scheduled.ends.from].push_back(late.size());
    late.push_back({name, std::move(*matched)});
    progress.at(static_cast<double>(late.size()) / static_cast<double>(schedules.size()));
  }
  add_senders(links_of, nodes, late);

  result.values.rows = table.all.rows;
  for (size_t row = 0; row < result.values.rows; ++row) {
    for (const LateSource& source : late) {
      std::vector<std::string> names;
      const auto features = features_of(source.rows[row], row == 0 ? &names : nullptr);
      result.values.values.insert(result.values.values.end(), features.begin(), features.end());
      for (const std::string& name : names)
        result.names.push_back(source.name + ", against the draws: " + name);
    }
  }
  result.values.columns = result.names.size();
  std::vector<Sequences> sequences;
  for (const LateSource& source : late) {
    Sequences one{source.name + ", lateness", {}};
    for (const Lateness& row : source.rows) {
      const size_t length = std::min(row.late_ns.size(), kLongestSequence);
      one.rows.emplace_back(row.late_ns.begin(), row.late_ns.begin() + static_cast<ptrdiff_t>(length));
    }
    sequences.push_back(std::move(one));
  }
  ConvolutionOptions convolution;
  convolution.seed = seed;
  result.convolved = convolve(sequences, convolution, progress);
  return result;
}

}  // namespace cuttle::audit
