#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "audit/schedule.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kPattern = 48;       // releases that are compared at a time
constexpr size_t kPatterns = 9;       // windows that are searched for in the whole schedule
constexpr size_t kNear = 64;          // draws on either side that a later window is searched in
constexpr double kFits = 0.15;        // of the usual gap: typical distance of a pattern that is the same
constexpr double kOtherLength = 0.5;  // of the usual gap: what a train of another length counts as
constexpr double kFarthest = 2;       // usual gaps: what lies farther from every draw was not drawn
constexpr double kMinMatched = 0.5;

struct Place {
  size_t draw = 0;    // the pattern's first release is this draw's
  double cost = 1e9;  // mean distance between the gaps, in usual gaps
};

// Compares gaps and lengths of `seen` from `from` on with the draws.
class PatternSearch {
 public:
  PatternSearch(const Releases& drawn, double usual_gap_ns) : drawn_(drawn), usual_(usual_gap_ns) {}

  // The best place among draws [low, high); of places that fit alike, the one nearest to `expected_ns`, an
  // offset of the clocks.
  std::optional<Place> find(const Releases& seen, size_t from, size_t low, size_t high,
                            int64_t expected_ns) const {
    const size_t length = std::min(kPattern, seen.size() - from);
    if (length < 8 || drawn_.size() < length) return std::nullopt;
    high = std::min(high, drawn_.size() - length + 1);
    Place best;
    double best_off = 0;
    for (size_t draw = low; draw < high; ++draw) {
      const double cost = cost_at(seen, from, length, draw, best.cost + kAlike);
      if (cost > best.cost + kAlike) continue;
      const double off = std::fabs(static_cast<double>(seen.at_ns[from] - drawn_.at_ns[draw] - expected_ns));
      if (cost < best.cost - kAlike || off < best_off) best = {draw, cost}, best_off = off;
    }
    return best;
  }

 private:
  static constexpr double kAlike = 0.02;

  // Stops where it exceeds `limit`.
  double cost_at(const Releases& seen, size_t from, size_t length, size_t draw, double limit) const {
    const auto pairs = static_cast<double>(length - 1);
    double sum = 0;
    for (size_t i = 1; i < length && sum <= limit * pairs; ++i) {
      const int64_t gap_seen = seen.at_ns[from + i] - seen.at_ns[from + i - 1];
      const int64_t gap_drawn = drawn_.at_ns[draw + i] - drawn_.at_ns[draw + i - 1];
      sum += std::min(1.0, std::fabs(static_cast<double>(gap_seen - gap_drawn)) / usual_);
      if (seen.cells[from + i] != drawn_.cells[draw + i]) sum += kOtherLength;
    }
    return sum / pairs;
  }

  const Releases& drawn_;
  double usual_;
};

double usual_gap(const Releases& drawn) {
  std::vector<double> gaps;
  const size_t step = drawn.size() / 4'096 + 1;
  for (size_t i = 1; i < drawn.size(); i += step) {
    gaps.push_back(static_cast<double>(drawn.at_ns[i] - drawn.at_ns[i - 1]));
  }
  return std::max(1.0, median_of(std::move(gaps)));
}

// Searches the whole schedule for some windows; the offset that most of them agree on.
std::optional<int64_t> find_offset(const std::vector<Releases>& windows, const Releases& drawn,
                                   double usual) {
  const PatternSearch search(drawn, usual);
  std::vector<int64_t> offsets;
  for (size_t k = 0; k < kPatterns; ++k) {
    const Releases& seen = windows[windows.size() * k / kPatterns];
    const size_t from = seen.size() / 4;
    const auto place = seen.size() == 0 ? std::nullopt : search.find(seen, from, 0, drawn.size(), 0);
    if (place && place->cost <= kFits) {
      offsets.push_back(seen.at_ns[from] - drawn.at_ns[place->draw]);
    }
  }
  // Clocks that drift against each other, or a queue that lags, spread them a little over the minutes.
  constexpr int64_t kSpreadNs = 2'000'000'000;
  std::optional<int64_t> best;
  size_t max = kPatterns / 3;
  for (const int64_t one : offsets) {
    const auto near = static_cast<size_t>(std::count_if(
        offsets.begin(), offsets.end(), [&](int64_t other) { return std::abs(one - other) <= kSpreadNs; }));
    if (near > max) max = near, best = one;
  }
  return best;
}

size_t draw_near(const Releases& drawn, int64_t time_ns) {
  const auto at = std::lower_bound(drawn.at_ns.begin(), drawn.at_ns.end(), time_ns);
  return static_cast<size_t>(at - drawn.at_ns.begin());
}

// Each release with the nearest draw, or a neighbour of that which has its length: neither a release that was
// left out nor one that was cut in two puts the others out of step. `base_ns`: what lateness is counted from.
Lateness match_window(const Releases& seen, const Releases& drawn, int64_t offset_ns, int64_t base_ns,
                      double usual) {
  Lateness matched;
  for (size_t i = 0; i < seen.size(); ++i) {
    const size_t next = draw_near(drawn, seen.at_ns[i] - offset_ns);
    double best = kFarthest * usual;
    size_t chosen = drawn.size();
    for (size_t draw = next > 2 ? next - 2 : 0; draw < std::min(drawn.size(), next + 2); ++draw) {
      double far = std::fabs(static_cast<double>(seen.at_ns[i] - drawn.at_ns[draw] - offset_ns));
      if (seen.cells[i] != drawn.cells[draw]) far += kOtherLength * usual;
      if (far < best) best = far, chosen = draw;
    }
    if (chosen == drawn.size()) continue;
    matched.releases.add(seen.at_ns[i], seen.cells[i]);
    matched.late_ns.push_back(static_cast<double>(seen.at_ns[i] - drawn.at_ns[chosen] - base_ns));
  }
  return matched;
}

}  // namespace

Result<std::vector<Lateness>> match_draws(const std::vector<Releases>& windows, const Releases& drawn,
                                          const std::string& name) {
  const auto misfit = [&](const std::string& why) {
    return failure(fmt::format("schedule of {}: {}; is it of this capture?", name, why));
  };
  if (drawn.size() < kPattern) return misfit(fmt::format("{} releases are too few", drawn.size()));
  const double usual = usual_gap(drawn);
  const auto found = find_offset(windows, drawn, usual);
  if (!found) return misfit("its gaps and lengths do not occur in the capture");

  const PatternSearch search(drawn, usual);
  int64_t offset = *found;
  std::vector<Lateness> result;
  std::vector<double> all;
  size_t seen_in_all = 0;
  for (const Releases& seen : windows) {
    seen_in_all += seen.size();
    if (seen.size() > 0) {
      const size_t centre = draw_near(drawn, seen.at_ns[0] - offset);
      const auto place = search.find(seen, 0, centre > kNear ? centre - kNear : 0, centre + kNear, offset);
      if (place && place->cost <= kFits) {
        std::vector<double> here;
        for (size_t i = 0; i < std::min(kPattern, seen.size()); ++i) {
          here.push_back(static_cast<double>(seen.at_ns[i] - drawn.at_ns[place->draw + i] - offset));
        }
        offset += std::llround(median_of(std::move(here)));
      }
    }
    result.push_back(match_window(seen, drawn, offset, *found, usual));
    all.insert(all.end(), result.back().late_ns.begin(), result.back().late_ns.end());
  }
  if (static_cast<double>(all.size()) < kMinMatched * static_cast<double>(seen_in_all)) {
    return misfit(fmt::format("only {} of {} releases were drawn", all.size(), seen_in_all));
  }
  const double middle = median_of(std::move(all));
  for (Lateness& window : result) {
    for (double& late : window.late_ns) late -= middle;
  }
  return result;
}

}  // namespace cuttle::audit
