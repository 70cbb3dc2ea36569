#include "audit/extract.hh"

#include <algorithm>

#include "capture/stamp_check.hh"

namespace cuttle::audit {

namespace {

// Collects one link's packets window by window; holds one window's packets at a time.
class LinkCutter {
 public:
  LinkCutter(const LinkSurvey& link, const WindowPlan& plan) : link_(link), plan_(plan) {
    windows_.reserve(plan.windows.size());
  }

  void take(const capture::PacketRecord& record, bool is_cell) {
    // Stamps of different CPUs may be out of order by a little, across a window's edge, too.
    while (windows_.size() < plan_.windows.size() &&
           record.time >= current().end + capture::kLittleDisorder) {
      close_window();
    }
    if (windows_.size() == plan_.windows.size() || record.time < current().start) return;
    samples_.push_back({record.time.ns, record.ip_bytes, is_cell});
  }

  std::vector<LinkWindow> finish() {
    while (windows_.size() < plan_.windows.size()) close_window();
    return std::move(windows_);
  }

 private:
  const Window& current() const { return plan_.windows[windows_.size()]; }

  void close_window() {
    std::stable_sort(samples_.begin(), samples_.end(),
                     [](const Sample& a, const Sample& b) { return a.time_ns < b.time_ns; });
    const auto begin = first_at(current().start);
    const auto end = first_at(current().end);
    windows_.push_back(link_features({begin, end}, current(), link_.slots, link_.usual_bytes));
    samples_.erase(samples_.begin(), end);
  }

  std::vector<Sample>::iterator first_at(Instant time) {
    return std::lower_bound(samples_.begin(), samples_.end(), time.ns,
                            [](const Sample& sample, int64_t ns) { return sample.time_ns < ns; });
  }

  const LinkSurvey& link_;
  const WindowPlan& plan_;
  std::vector<Sample> samples_;
  std::vector<LinkWindow> windows_;
};

}  // namespace

Result<Extraction> extract(const std::vector<CaptureInput>& inputs, const ReadOptions& options,
                           const Survey& surveyed, const WindowPlan& plan, Progress& progress) {
  const capture::NodeList& nodes = *options.nodes;
  std::vector<LinkCutter> cutters;
  std::vector<size_t> cutter_of(nodes.size() * nodes.size(), 0);
  cutters.reserve(surveyed.links.size());
  for (const LinkSurvey& link : surveyed.links) {
    cutter_of[link.ends.from * nodes.size() + link.ends.to] = cutters.size();
    cutters.emplace_back(link, plan);
  }

  progress.begin("second reading: what an attacker computes");
  const auto take = [&](const capture::PacketRecord& record, size_t,
                        const capture::PacketSource&) -> Result<void> {
    const auto ends = nodes.link_of(record);
    if (!ends) return {};
    cutters[cutter_of[ends->from * nodes.size() + ends->to]].take(record, options.shape.is_cell(record));
    return {};
  };
  const auto read = read_all(inputs, options, progress, take);
  if (!read) return tl::unexpected(read.error());

  Extraction result;
  std::vector<capture::LinkEnds> links;
  std::vector<double> periods;
  std::vector<std::vector<LinkWindow>> windows;
  result.train_counts.resize(plan.labels.size());
  for (size_t l = 0; l < cutters.size(); ++l) {
    links.push_back(surveyed.links[l].ends);
    periods.push_back(surveyed.links[l].slots.period_ns);
    windows.push_back(cutters[l].finish());
    for (size_t w = 0; w < plan.windows.size(); ++w) {
      auto& counts = result.train_counts[plan.windows[w].label];
      for (const auto& [size, trains] : windows[l][w].train_counts) counts[size] += trains;
    }
  }
  result.table = join_links(nodes, links, windows, plan, periods);
  progress.finish();
  return result;
}

}  // namespace cuttle::audit
