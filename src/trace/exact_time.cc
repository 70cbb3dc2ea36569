#include "trace/exact_time.hh"

#include <algorithm>
#include <map>
#include <utility>

namespace cuttle::trace {

namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kTick = 4 * kMillisecond;  // of the coarse clock, where nobody watched it

struct Together {
  std::vector<size_t> lines;
  std::vector<int64_t> readings;
};

// Same thread, same millisecond.
using Groups = std::map<std::pair<uint64_t, int64_t>, Together>;

Groups group(const std::vector<LogLine>& lines, const std::vector<ClockReading>& readings) {
  Groups groups;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].precision_ns < kMillisecond) continue;
    groups[{lines[i].thread, lines[i].ns / kMillisecond}].lines.push_back(i);
  }
  for (const ClockReading& reading : readings) {
    groups[{reading.thread, reading.ns / kMillisecond}].readings.push_back(reading.ns);
  }
  return groups;
}

// Lines of one thread are written in the order of their stamps, so a coarse one lies between its neighbours.
void bound_by_neighbours(std::vector<TimedLine>& lines) {
  std::map<uint64_t, int64_t> before;
  for (TimedLine& timed : lines) {
    int64_t& earlier = before[timed.line.thread];
    const int64_t latest = timed.at_ns + timed.uncertainty_ns;
    if (timed.at_ns < earlier) {
      timed.at_ns = std::min(earlier, latest);
      timed.uncertainty_ns = latest - timed.at_ns;
    }
    earlier = std::max(earlier, timed.at_ns);
  }
  std::map<uint64_t, int64_t> after;
  for (auto timed = lines.rbegin(); timed != lines.rend(); ++timed) {
    const auto later = after.find(timed->line.thread);
    int64_t latest = timed->at_ns + timed->uncertainty_ns;
    if (later != after.end() && later->second >= timed->at_ns) latest = std::min(latest, later->second);
    timed->uncertainty_ns = latest - timed->at_ns;
    after[timed->line.thread] = latest;
  }
}

}  // namespace

std::vector<TimedLine> exact_times(std::vector<LogLine> lines, const std::vector<ClockReading>& readings) {
  std::vector<TimedLine> timed;
  timed.reserve(lines.size());
  const Groups groups = group(lines, readings);
  const int64_t coarse = readings.empty() ? kTick : kMillisecond;
  for (LogLine& line : lines) {
    const int64_t ns = line.ns;
    const int64_t uncertainty = line.precision_ns < kMillisecond ? line.precision_ns : coarse;
    timed.push_back({std::move(line), ns, uncertainty});
  }
  for (const auto& [where, together] : groups) {
    if (together.lines.size() != together.readings.size()) continue;
    for (size_t i = 0; i < together.lines.size(); ++i) {
      timed[together.lines[i]].at_ns = together.readings[i];
      timed[together.lines[i]].uncertainty_ns = 1000;
    }
  }
  bound_by_neighbours(timed);
  std::stable_sort(timed.begin(), timed.end(),
                   [](const TimedLine& a, const TimedLine& b) { return a.at_ns < b.at_ns; });
  return timed;
}

}  // namespace cuttle::trace
