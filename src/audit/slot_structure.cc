#include "audit/slot_structure.hh"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kBins = 320;  // an eighth of an octave each, up to 2^40 ns
constexpr double kBinsPerOctave = 8;
constexpr double kMinSeparationOctaves = 2;  // two kinds of gap differ by a factor of four at least
constexpr double kMinShare = 0.01;

// Otsu's threshold over the logarithm of the gaps: the cut with the largest variance between the two sides.
// 0 when the sides do not look like two kinds of gap.
double threshold_between_kinds(std::span<const double> gaps) {
  std::array<double, kBins> bins{};
  for (const double gap : gaps) {
    const double place = std::log2(std::max(gap, 1.0)) * kBinsPerOctave;
    bins[std::min(kBins - 1, static_cast<size_t>(place))] += 1;
  }
  double total = 0;
  double total_sum = 0;
  for (size_t i = 0; i < kBins; ++i) total += bins[i], total_sum += bins[i] * static_cast<double>(i);

  double best = 0;
  double best_separation = 0;
  double best_share = 0;
  size_t first_best = 0;
  size_t last_best = 0;
  double below = 0;
  double below_sum = 0;
  for (size_t i = 0; i + 1 < kBins; ++i) {
    below += bins[i];
    below_sum += bins[i] * static_cast<double>(i);
    const double above = total - below;
    if (below == 0 || above == 0) continue;
    const double separation = (total_sum - below_sum) / above - below_sum / below;
    const double between = below * above * separation * separation;
    if (between > best * (1 + 1e-12)) {
      best = between;
      best_separation = separation;
      best_share = std::min(below, above) / total;
      first_best = i;
    }
    if (between >= best * (1 - 1e-12)) last_best = i;
  }
  if (best_separation < kMinSeparationOctaves * kBinsPerOctave || best_share < kMinShare) return 0;
  // Between the kinds there is an empty stretch where every cut is as good: take its middle.
  return std::exp2((static_cast<double>(first_best + last_best) / 2 + 1) / kBinsPerOctave);
}

}  // namespace

SlotStructure estimate_slots(std::span<const int64_t> times_ns) {
  SlotStructure slots;
  if (times_ns.size() < 3) return slots;
  std::vector<double> gaps;
  gaps.reserve(times_ns.size());
  for (size_t i = 1; i < times_ns.size(); ++i) {
    gaps.push_back(static_cast<double>(std::max<int64_t>(0, times_ns[i] - times_ns[i - 1])));
  }
  slots.train_gap_ns = threshold_between_kinds(gaps);
  slots.origin_ns = static_cast<double>(times_ns[0]);

  std::vector<double> between;  // start to start
  std::map<uint32_t, size_t> counts;
  int64_t start = times_ns[0];
  uint32_t cells = 1;
  for (size_t i = 1; i < times_ns.size(); ++i) {
    if (gaps[i - 1] <= slots.train_gap_ns) {
      ++cells;
      continue;
    }
    between.push_back(static_cast<double>(times_ns[i] - start));
    ++counts[cells];
    start = times_ns[i];
    cells = 1;
  }
  if (between.empty()) return slots;
  size_t max = 0;
  for (const auto& [size, count] : counts) {
    if (count > max) max = count, slots.cells = size;
  }

  // The median slot first; then the mean over all, with skipped slots counted as what they are.
  const double median = median_of(between);
  if (median <= 0) return slots;
  double periods = 0;
  double sum = 0;
  for (const double gap : between) {
    const double whole = std::max(1.0, std::round(gap / median));
    if (whole > 1000) continue;  // a hole in the capture
    periods += whole;
    sum += gap;
  }
  slots.period_ns = periods > 0 ? sum / periods : median;
  // Drawn or late slots spread the gaps to both sides alike; the short side tells how far, without the
  // skipped ones.
  std::sort(between.begin(), between.end());
  const double shortest = quantile_of_sorted(between, 0.005) / slots.period_ns;
  slots.skip_ratio = std::max(1.75, 1.05 * (2 - shortest));
  return slots;
}

}  // namespace cuttle::audit
