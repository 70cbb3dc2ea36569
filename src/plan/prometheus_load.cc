// A load from a range export of Prometheus.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/printable.hh"
#include "base/units.hh"
#include "plan/load_parts.hh"

namespace cuttle::plan {

namespace {

using Json = nlohmann::json;

// More than this would take minutes to replay; then the busiest stretch is taken.
constexpr uint64_t kMaxReplayedBytes = 2'000'000'000;

// An exabyte. No link has carried that, and what is more fits no counter's 64 bits.
constexpr double kMostBytes = 1e18;

// The year 5138. Whoever exports milliseconds is beyond it since 1973.
constexpr double kLatest_s = 1e11;

struct Sample {
  double at_s;
  double value;
};

// In the order of time, each once; without what was not measured (NaN).
std::vector<Sample> samples_of(const Json& series) {
  std::vector<Sample> samples;
  for (const Json& pair : series.at("values")) {
    const double value =
        pair.at(1).is_string() ? std::stod(pair.at(1).get<std::string>()) : pair.at(1).get<double>();
    if (std::isfinite(value)) samples.push_back({pair.at(0).get<double>(), value});
  }
  std::ranges::stable_sort(samples, {}, &Sample::at_s);
  const auto same = [](const Sample& a, const Sample& b) { return a.at_s == b.at_s; };
  samples.erase(std::unique(samples.begin(), samples.end(), same), samples.end());
  return samples;
}

std::string metric_of(const Json& series) {
  return series.contains("metric") ? series["metric"].value("__name__", "") : "";
}

std::string series_name(const Json& series) {
  std::string name;
  if (!series.contains("metric")) return "series";
  for (const auto& [key, value] : series["metric"].items()) {
    if (key == "job" || !value.is_string()) continue;
    name += (name.empty() ? "" : " ") +
            (key == "__name__" ? value.get<std::string>() : key + "=" + value.get<std::string>());
  }
  return name.empty() ? "series" : printable(name);
}

// Interfaces that no packet leaves a host by: the loopback, and what containers and guests are plugged into.
bool is_no_way_out(const Json& series) {
  const std::string device = series.contains("metric") ? series["metric"].value("device", "") : "";
  if (device == "lo") return true;
  constexpr const char* kInside[] = {"docker", "veth", "br-",    "virbr",   "vnet",      "tap",    "cni",
                                     "cali",   "lxc",  "cilium", "flannel", "kube-ipvs", "podman", "dummy"};
  return std::any_of(std::begin(kInside), std::end(kInside),
                     [&](const char* prefix) { return device.rfind(prefix, 0) == 0; });
}

// By its name, as node_exporter, SNMP and others have them.
bool counts_no_bytes(const Json& series) {
  const std::string name = metric_of(series);
  const auto has = [&](const char* word) { return name.find(word) != std::string::npos; };
  if (has("bytes") || has("ctets")) return false;
  constexpr const char* kOthers[] = {"packet", "pkts",  "Pkts",    "bits", "err",
                                     "drop",   "colls", "carrier", "fifo"};
  return std::any_of(std::begin(kOthers), std::end(kOthers), has);
}

// A counter only falls when its host starts anew: rarely, and far. A rate falls all the time, and has
// fractions.
std::string why_no_counter(const Json& series, const std::vector<Sample>& samples) {
  size_t falls = 0;
  size_t little = 0;
  size_t fractions = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double value = samples[i].value;
    if (value != std::floor(value)) ++fractions;
    if (i == 0 || value >= samples[i - 1].value) continue;
    ++falls;
    if (value > samples[i - 1].value / 2) ++little;
  }
  const auto beyond = std::ranges::find_if(
      samples, [](const Sample& sample) { return sample.value < 0 || sample.value > kMostBytes; });
  if (beyond != samples.end()) return fmt::format("one of its values is {}", beyond->value);
  const std::string name = metric_of(series);
  const bool rarely = falls <= 1 || falls * 10 <= samples.size();
  // Functions take the name away, and recording rules put theirs in.
  const bool named_rate = name.find("rate") != std::string::npos;
  if (fractions > 0) return fmt::format("{} of its {} values have fractions", fractions, samples.size());
  if (little > 0 || (falls > 0 && (!rarely || name.empty() || named_rate))) {
    return fmt::format("it falls {} time{} in {} steps", falls, falls == 1 ? "" : "s", samples.size() - 1);
  }
  return named_rate ? "it is called a rate" : "";
}

// A step that by itself is more than can be replayed: a part of it, at the same rate.
LoadStep replayed(const LoadStep& step) {
  if (step.bytes <= kMaxReplayedBytes) return step;
  const double share = static_cast<double>(kMaxReplayedBytes) / static_cast<double>(step.bytes);
  return {step.at_s, step.length_s * share, kMaxReplayedBytes};
}

// The stretch of steps around the busiest one that fits into what can be replayed.
std::pair<size_t, size_t> busiest_stretch(const std::vector<LoadStep>& steps) {
  const auto busier = [](const LoadStep& a, const LoadStep& b) {
    return static_cast<double>(a.bytes) / a.length_s < static_cast<double>(b.bytes) / b.length_s;
  };
  auto begin = static_cast<size_t>(std::max_element(steps.begin(), steps.end(), busier) - steps.begin());
  size_t end = begin + 1;
  uint64_t bytes = steps[begin].bytes;
  while (bytes < kMaxReplayedBytes && (begin > 0 || end < steps.size())) {
    const bool left = end == steps.size() || (begin > 0 && busier(steps[end], steps[begin - 1]));
    bytes += left ? steps[--begin].bytes : steps[end++].bytes;
  }
  return {begin, end};
}

Result<LinkLoad> load_of_series(const Json& series, uint64_t burst_bps) {
  const std::vector<Sample> samples = samples_of(series);
  if (const std::string why_not = why_no_counter(series, samples); !why_not.empty()) {
    return failure(
        fmt::format("{}: a rate or a gauge, not a counter of bytes: {}; export the counter itself "
                    "(node_network_transmit_bytes_total), without rate()",
                    series_name(series), why_not));
  }
  if (!samples.empty() && samples.back().at_s > kLatest_s) {
    return failure(series_name(series) + ": its time stamps are milliseconds; Prometheus has seconds");
  }
  std::vector<LoadStep> steps;
  for (size_t i = 1; i < samples.size(); ++i) {
    const double length = samples[i].at_s - samples[i - 1].at_s;
    // A counter that fell began anew at zero (Prometheus's own rule, too).
    const double gained =
        samples[i].value >= samples[i - 1].value ? samples[i].value - samples[i - 1].value : samples[i].value;
    steps.push_back({samples[i - 1].at_s, length, static_cast<uint64_t>(gained)});
  }
  LinkLoad load;
  load.name = series_name(series);
  if (steps.empty()) return failure(load.name + ": at least two samples of a counter are needed");
  double seen_s = 0;
  for (const LoadStep& step : steps) load.bytes += step.bytes, seen_s += step.length_s;
  load.seen = duration_of(seen_s);
  const auto [begin, end] = busiest_stretch(steps);
  Random random(kLoadSeed);
  Instant now{};
  constexpr double kBurstBytes = 1'000'000;
  bool left_out = end - begin < steps.size();
  for (size_t i = begin; i < end; ++i) {
    const LoadStep step = replayed(steps[i]);
    left_out = left_out || step.bytes < steps[i].bytes;
    // Bursts at random times, as many as the step's bytes make; faster than planned where it needs to be.
    const uint64_t pace =
        std::max(burst_bps, rate_of_bytes(step.bytes, duration_of(step.length_s)) * 5 / 4 + 1);
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
  load.steps = steps;
  load.note = fmt::format(
      "An export holds means over its steps; within a step, bursts of 1 MB at {} are assumed (--burst-rate)",
      format_rate(burst_bps));
  if (metric_of(series).empty()) {
    load.note += "; the series has no name, as what a function made: it is taken for a counter of bytes";
  }
  if (left_out) {
    load.note += fmt::format("; replayed: the busiest {:.3g} s of {:.3g} s", seconds_of(load.span), seen_s);
  }
  return load;
}

// A bond carries what its slaves carry together, and a card what its VLANs do: the one with the most bytes
// has it all.
void add_what_was_taken(std::vector<LinkLoad>& loads, const std::vector<std::string>& left_out,
                        const std::vector<std::string>& no_bytes) {
  std::vector<std::string> others;
  for (size_t i = 1; i < loads.size(); ++i) others.push_back(loads[i].name);
  if (!others.empty()) {
    add_note(loads.front(),
             fmt::format("Taken is the series with the most bytes, and not {}", few_of(others)));
  }
  if (!left_out.empty()) {
    add_note(loads.front(), fmt::format("left out, as nothing leaves the host by it: {}", few_of(left_out)));
  }
  if (!no_bytes.empty()) {
    add_note(loads.front(), fmt::format("left out, as they count no bytes: {}", few_of(no_bytes)));
  }
}

}  // namespace

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
    std::vector<std::string> left_out;
    std::vector<std::string> no_bytes;
    for (const Json& series : data.at("result")) {
      if (counts_no_bytes(series)) {
        no_bytes.push_back(series_name(series));
        continue;
      }
      if (is_no_way_out(series)) {
        left_out.push_back(series_name(series));
        continue;
      }
      auto load = load_of_series(series, burst_bps);
      if (!load) return tl::unexpected(load.error());
      loads.push_back(std::move(*load));
    }
    if (loads.empty() && !left_out.empty()) {
      return failure(
          fmt::format("the export has interfaces only that nothing leaves the host by: {}; ask for the one "
                      "with the peers behind it (device=\"eth0\")",
                      few_of(left_out)));
    }
    if (loads.empty() && !no_bytes.empty()) {
      return failure(
          fmt::format("the export has no counter of bytes but {}; ask for "
                      "node_network_transmit_bytes_total",
                      few_of(no_bytes)));
    }
    if (loads.empty()) return failure("the export has no series; does the query match anything?");
    sort_by_bytes(loads);
    if (loads.front().bytes == 0) {
      return failure(
          fmt::format("{}: not a byte in {:.0f} s; is it the interface with the peers behind it, and a "
                      "counter, not a rate?",
                      loads.front().name, seconds_of(loads.front().seen)));
    }
    add_what_was_taken(loads, left_out, no_bytes);
    return loads;
  } catch (const std::exception& error) {
    return failure(fmt::format("not a range export of Prometheus: {}", error.what()));
  }
}

}  // namespace cuttle::plan
