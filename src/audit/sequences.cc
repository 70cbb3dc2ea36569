#include "audit/sequences.hh"

#include <algorithm>
#include <cmath>

namespace cuttle::audit {

namespace {

constexpr int64_t kBinNs = 1'000'000;

std::vector<float> log_gaps(const Releases& releases) {
  std::vector<float> gaps;
  for (size_t i = 1; i < std::min(releases.size(), kLongestSequence + 1); ++i) {
    const int64_t gap = std::max<int64_t>(1, releases.at_ns[i] - releases.at_ns[i - 1]);
    gaps.push_back(std::log2(static_cast<float>(gap)));
  }
  return gaps;
}

// Counted from the window's first release: from its start, regular slots would beat slowly against the
// milliseconds, which makes windows alike that are near in time and says nothing.
std::vector<float> counts_a_millisecond(const Releases& releases, const Window& window) {
  const auto bins = static_cast<size_t>((window.end - window.start).ns / kBinNs);
  std::vector<float> counts(std::clamp<size_t>(bins, 1, kLongestSequence), 0);
  for (size_t i = 0; i < releases.size(); ++i) {
    const auto place = static_cast<size_t>((releases.at_ns[i] - releases.at_ns[0]) / kBinNs);
    if (place < counts.size()) counts[place] += static_cast<float>(releases.cells[i]);
  }
  return counts;
}

std::vector<float> distances(const GridFit& fit) {
  const size_t length = std::min(fit.residuals_ns.size(), kLongestSequence);
  return {fit.residuals_ns.begin(), fit.residuals_ns.begin() + static_cast<ptrdiff_t>(length)};
}

}  // namespace

std::vector<Sequences> make_sequences(const std::vector<ReleaseSource>& sources, const WindowPlan& plan) {
  std::vector<Sequences> all;
  for (const ReleaseSource& source : sources) {
    Sequences gaps{source.name + ", log gaps", {}};
    Sequences counts{source.name + ", cells a millisecond", {}};
    Sequences grid{source.name + ", distances to the grid", {}};
    for (size_t row = 0; row < source.rows.size(); ++row) {
      if (source.is_link) {
        gaps.rows.push_back(log_gaps(source.rows[row]));
        counts.rows.push_back(counts_a_millisecond(source.rows[row], plan.windows[row]));
      }
      grid.rows.push_back(distances(source.fits[row]));
    }
    if (source.is_link) {
      all.push_back(std::move(gaps));
      all.push_back(std::move(counts));
    }
    all.push_back(std::move(grid));
  }
  return all;
}

}  // namespace cuttle::audit
