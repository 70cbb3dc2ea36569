#include "plan/load.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/random.hh"
#include "capture/capture_file.hh"
#include "config/units.hh"

namespace cuttle::plan {

namespace {

using Json = nlohmann::json;

constexpr uint32_t kPacketBytes = 1500;
constexpr uint64_t kSeed = 20;
// More than this would take minutes to replay; then the busiest stretch is taken.
constexpr uint64_t kMostReplayedBytes = 2'000'000'000;
constexpr uint16_t kCellPort = 4410;

double seconds_of(Duration duration) {
  return static_cast<double>(duration.ns) * 1e-9;
}
Duration duration_of(double seconds_long) {
  return {static_cast<int64_t>(seconds_long * 1e9)};
}
uint64_t rate(uint64_t bytes, Duration over) {
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

double exponential(Random& random, double mean) {
  return -mean * std::log(1 - random.unit());
}

void sort_by_bytes(std::vector<LinkLoad>& loads) {
  std::stable_sort(loads.begin(), loads.end(),
                   [](const LinkLoad& a, const LinkLoad& b) { return a.bytes > b.bytes; });
}

// --- a capture

using Direction = std::pair<IpAddress, IpAddress>;

std::string name_of(const Direction& direction) {
  return direction.first.text() + " to " + direction.second.text();
}

bool is_wanted(const Direction& direction, const std::vector<Between>& between) {
  if (between.empty()) return true;
  return std::any_of(between.begin(), between.end(), [&](const Between& pair) {
    return direction == Direction{pair.a, pair.b} || direction == Direction{pair.b, pair.a};
  });
}

bool is_cell(const capture::PacketRecord& packet) {
  return packet.protocol == capture::kProtocolUdp && packet.source_port == kCellPort &&
         packet.destination_port == kCellPort;
}

// Between two given hosts, the ports tell connections apart.
uint32_t flow_of(const capture::PacketRecord& packet) {
  return (uint32_t{packet.source_port} << 16) | packet.destination_port;
}

std::string few_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < 4; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > 4 ? text + fmt::format(" and {} more", names.size() - 4) : text;
}

// --- Prometheus

struct Sample {
  double at_s;
  double value;
};

std::vector<Sample> samples_of(const Json& series) {
  std::vector<Sample> samples;
  for (const Json& pair : series.at("values")) {
    const double value =
        pair.at(1).is_string() ? std::stod(pair.at(1).get<std::string>()) : pair.at(1).get<double>();
    samples.push_back({pair.at(0).get<double>(), value});
  }
  return samples;
}

std::string series_name(const Json& series) {
  std::string name;
  if (!series.contains("metric")) return "series";
  for (const auto& [key, value] : series["metric"].items()) {
    if (key == "job" || !value.is_string()) continue;
    name += (name.empty() ? "" : " ") +
            (key == "__name__" ? value.get<std::string>() : key + "=" + value.get<std::string>());
  }
  return name.empty() ? "series" : name;
}

struct Step {
  double length_s;
  uint64_t bytes;
};

// The stretch of steps around the busiest one that fits into what can be replayed.
std::pair<size_t, size_t> busiest_stretch(const std::vector<Step>& steps) {
  const auto busier = [](const Step& a, const Step& b) {
    return static_cast<double>(a.bytes) / a.length_s < static_cast<double>(b.bytes) / b.length_s;
  };
  auto begin = static_cast<size_t>(std::max_element(steps.begin(), steps.end(), busier) - steps.begin());
  size_t end = begin + 1;
  uint64_t bytes = steps[begin].bytes;
  while (bytes < kMostReplayedBytes && (begin > 0 || end < steps.size())) {
    const bool left = end == steps.size() || (begin > 0 && busier(steps[end], steps[begin - 1]));
    bytes += left ? steps[--begin].bytes : steps[end++].bytes;
  }
  return {begin, end};
}

Result<LinkLoad> load_of_series(const Json& series, uint64_t burst_bps) {
  const std::vector<Sample> samples = samples_of(series);
  std::vector<Step> steps;
  for (size_t i = 1; i < samples.size(); ++i) {
    const double length = samples[i].at_s - samples[i - 1].at_s;
    // A counter that fell began anew at zero (Prometheus's own rule, too).
    const double gained =
        samples[i].value >= samples[i - 1].value ? samples[i].value - samples[i - 1].value : samples[i].value;
    if (length > 0 && std::isfinite(gained)) steps.push_back({length, static_cast<uint64_t>(gained)});
  }
  LinkLoad load;
  load.name = series_name(series);
  if (steps.empty()) return failure(load.name + ": at least two samples of a counter are needed");
  double seen_s = 0;
  for (const Step& step : steps) load.bytes += step.bytes, seen_s += step.length_s;
  load.seen = duration_of(seen_s);
  const auto [begin, end] = busiest_stretch(steps);
  Random random(kSeed);
  Instant now{};
  constexpr double kBurstBytes = 1'000'000;
  for (size_t i = begin; i < end; ++i) {
    const Step& step = steps[i];
    // Bursts at random times, as many as the step's bytes make; faster than planned where it needs to be.
    const uint64_t pace = std::max(burst_bps, rate(step.bytes, duration_of(step.length_s)) * 5 / 4 + 1);
    const auto count = static_cast<uint64_t>(static_cast<double>(step.bytes) / kBurstBytes + 1);
    for (uint64_t burst = 0; burst < count && step.bytes > 0; ++burst) {
      append_train(load.arrivals, now + duration_of(random.unit() * step.length_s), step.bytes / count + 1,
                   pace);
    }
    now = now + duration_of(step.length_s);
  }
  std::sort(load.arrivals.begin(), load.arrivals.end(),
            [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
  load.span = now - Instant{};
  load.note = fmt::format(
      "An export holds means over its steps; within a step, bursts of 1 MB at {} are assumed (--burst-rate)",
      format_rate(burst_bps));
  if (end - begin < steps.size()) {
    load.note += fmt::format("; replayed: the busiest {:.0f} s of {:.0f} s", seconds_of(load.span), seen_s);
  }
  return load;
}

}  // namespace

uint64_t LinkLoad::mean_bps() const {
  return rate(bytes, seen);
}

uint64_t LinkLoad::peak_bps(Duration over) const {
  uint64_t most = 0;
  uint64_t inside = 0;
  size_t first = 0;
  for (const Arrival& arrival : arrivals) {
    inside += arrival.bytes;
    while (arrivals[first].at + over <= arrival.at) inside -= arrivals[first++].bytes;
    most = std::max(most, inside);
  }
  return rate(most, over);
}

Result<std::vector<LinkLoad>> loads_of_capture(const std::string& file, const std::vector<Between>& between) {
  auto source = capture::CaptureFile::open(file);
  if (!source) return tl::unexpected(source.error());
  std::map<Direction, LinkLoad> found;
  std::vector<std::string> others;
  capture::PacketRecord packet;
  for (;;) {
    const auto more = (*source)->next(packet);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    if (is_cell(packet)) continue;
    const Direction direction{packet.source, packet.destination};
    if (!is_wanted(direction, between)) {
      const std::string name = name_of(direction);
      if (others.size() < 100 && std::find(others.begin(), others.end(), name) == others.end())
        others.push_back(name);
      continue;
    }
    LinkLoad& load = found[direction];
    load.is_v6 = packet.source.is_v6;
    load.bytes += packet.ip_bytes;
    load.arrivals.push_back({packet.time, packet.ip_bytes, flow_of(packet)});
  }
  if (found.empty()) {
    return failure(fmt::format("{}: no packet {}; it has {}", file,
                               between.empty() ? "that is not a cell" : "between these addresses",
                               others.empty() ? "none of any other" : "those of " + few_of(others)));
  }
  const auto& counts = (*source)->counts();
  std::vector<LinkLoad> loads;
  for (auto& [direction, load] : found) {
    load.name = name_of(direction);
    std::stable_sort(load.arrivals.begin(), load.arrivals.end(),
                     [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
    for (Arrival& arrival : load.arrivals) arrival.at = Instant{} + (arrival.at - counts.first);
    load.span = std::max(counts.last - counts.first, milliseconds(1));
    load.seen = load.span;
    loads.push_back(std::move(load));
  }
  sort_by_bytes(loads);
  return loads;
}

Result<std::vector<LinkLoad>> loads_of_prometheus(std::string_view json, uint64_t burst_bps) {
  try {
    const Json document = Json::parse(json);
    if (document.value("status", "success") != "success") {
      return failure("the export is Prometheus's error: " + document.value("error", "unknown"));
    }
    const Json& data = document.contains("data") ? document["data"] : document;
    if (data.value("resultType", "matrix") != "matrix") {
      return failure("a range export is needed (api/v1/query_range), this is of type " +
                     data.value("resultType", ""));
    }
    std::vector<LinkLoad> loads;
    for (const Json& series : data.at("result")) {
      auto load = load_of_series(series, burst_bps);
      if (!load) return tl::unexpected(load.error());
      loads.push_back(std::move(*load));
    }
    if (loads.empty()) return failure("the export has no series; does the query match anything?");
    sort_by_bytes(loads);
    return loads;
  } catch (const std::exception& error) {
    return failure(fmt::format("not a range export of Prometheus: {}", error.what()));
  }
}

LinkLoad load_of_figures(const Figures& figures) {
  LinkLoad load;
  load.name = fmt::format("{} at the peak, {} on average", format_rate(figures.peak_bps),
                          format_rate(figures.mean_bps));
  load.note = fmt::format("Bursts at the peak of {} on average are assumed (--burst)",
                          format_duration(figures.burst));
  load.span = figures.span;
  load.seen = figures.span;
  Random random(kSeed);
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
