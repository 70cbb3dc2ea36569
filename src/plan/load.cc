#include "plan/load.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.hh"
#include "plan/load_parts.hh"

namespace cuttle::plan {

namespace {

constexpr uint32_t kPacketBytes = 1500;

double exponential(Random& random, double mean) {
  return -mean * std::log(1 - random.unit());
}

}  // namespace

double seconds_of(Duration duration) {
  return static_cast<double>(duration.ns) * 1e-9;
}
Duration duration_of(double seconds_long) {
  return {static_cast<int64_t>(seconds_long * 1e9)};
}
uint64_t rate_of_bytes(uint64_t bytes, Duration over) {
  return over.ns <= 0 ? 0 : static_cast<uint64_t>(static_cast<double>(bytes) * 8 / seconds_of(over));
}

// Packets of the usual size from `begin` on at `rate_bps`, until `bytes` are used up.
void append_train(std::vector<Arrival>& arrivals, Instant begin, uint64_t bytes, uint64_t rate_bps) {
  uint64_t sent = 0;
  while (sent < bytes) {
    const auto size =
        static_cast<uint32_t>(std::min<uint64_t>(kPacketBytes, std::max<uint64_t>(bytes - sent, 64)));
    const auto offset = static_cast<int64_t>(static_cast<double>(sent) * 8e9 / static_cast<double>(rate_bps));
    arrivals.push_back({begin + Duration{offset}, size});
    sent += size;
  }
}

void sort_by_bytes(std::vector<LinkLoad>& loads) {
  std::stable_sort(loads.begin(), loads.end(),
                   [](const LinkLoad& a, const LinkLoad& b) { return a.bytes > b.bytes; });
}

std::string few_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < 4; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > 4 ? text + fmt::format(" and {} more", names.size() - 4) : text;
}

void add_note(LinkLoad& load, const std::string& sentence) {
  load.note += (load.note.empty() ? "" : "; ") + sentence;
}

uint64_t LinkLoad::mean_bps() const {
  return rate_of_bytes(bytes, seen);
}

uint64_t LinkLoad::peak_bps(Duration over) const {
  uint64_t max = 0;
  uint64_t inside = 0;
  size_t first = 0;
  for (const Arrival& arrival : arrivals) {
    inside += arrival.bytes;
    while (arrivals[first].at + over <= arrival.at) inside -= arrivals[first++].bytes;
    max = std::max(max, inside);
  }
  return rate_of_bytes(max, over);
}

LinkLoad load_of_figures(const Figures& figures) {
  LinkLoad load;
  load.name = fmt::format("{} at the peak, {} on average", format_rate(figures.peak_bps),
                          format_rate(figures.mean_bps));
  load.note = fmt::format("Bursts at the peak of {} on average are assumed (--burst)",
                          format_duration(figures.burst));
  load.span = figures.span;
  load.seen = figures.span;
  Random random(kLoadSeed);
  const double on_s = seconds_of(figures.burst);
  const double share = static_cast<double>(figures.mean_bps) / static_cast<double>(figures.peak_bps);
  const double off_s = on_s * (1 - share) / share;
  double now_s = 0;
  while (now_s < seconds_of(figures.span)) {
    now_s += off_s > 0 ? exponential(random, off_s) : 0;
    const double length_s = exponential(random, on_s);
    const auto bytes = static_cast<uint64_t>(length_s * static_cast<double>(figures.peak_bps) / 8) + 1;
    append_train(load.arrivals, Instant{} + duration_of(now_s), bytes, figures.peak_bps);
    now_s += length_s;
  }
  for (const Arrival& arrival : load.arrivals) load.bytes += arrival.bytes;
  load.span = std::max(figures.span, duration_of(now_s));
  load.seen = load.span;
  return load;
}

}  // namespace cuttle::plan
