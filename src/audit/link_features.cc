#include "audit/link_features.hh"

#include <algorithm>
#include <cmath>
#include <map>

#include "audit/collector.hh"

namespace cuttle::audit {

namespace {

constexpr double kMissing = kMissingValue;

struct Trains {
  std::vector<double> starts;  // ns since the window's start
  std::vector<double> durations;
  std::vector<double> counts;
  std::vector<double> inside_gaps;
};

Trains cut_trains(std::span<const Sample> samples, const Window& window, double train_gap_ns) {
  Trains trains;
  for (size_t i = 0; i < samples.size();) {
    size_t j = i + 1;
    while (j < samples.size()) {
      const auto gap = static_cast<double>(samples[j].time_ns - samples[j - 1].time_ns);
      if (gap > train_gap_ns) break;
      trains.inside_gaps.push_back(gap);
      ++j;
    }
    trains.starts.push_back(static_cast<double>(samples[i].time_ns - window.start.ns));
    trains.durations.push_back(static_cast<double>(samples[j - 1].time_ns - samples[i].time_ns));
    trains.counts.push_back(static_cast<double>(j - i));
    i = j;
  }
  return trains;
}

std::vector<double> differences(const std::vector<double>& values) {
  std::vector<double> result;
  for (size_t i = 1; i < values.size(); ++i) result.push_back(values[i] - values[i - 1]);
  return result;
}

// Of phases that prefer no place, chance makes one of ten thousand windows look as if they did (Rayleigh's
// test: exp(-n R^2)).
constexpr double kMinPreference = 9.2;

// Circular mean in [0, period); missing where the phases prefer no place, as those of scattered cells: what
// would then be found is noise that drifts with time.
double mean_phase(const std::vector<double>& phases, double period) {
  double x = 0;
  double y = 0;
  for (const double phase : phases) {
    const double angle = 2 * M_PI * phase / period;
    x += std::cos(angle);
    y += std::sin(angle);
  }
  if (x * x + y * y < kMinPreference * static_cast<double>(phases.size())) return kMissing;
  const double angle = std::atan2(y, x) / (2 * M_PI);
  return (angle < 0 ? angle + 1 : angle) * period;
}

void add_sizes(Collector& out, std::span<const Sample> samples, uint32_t usual_bytes, LinkWindow& result) {
  std::map<uint32_t, uint32_t> sizes;
  std::vector<double> bytes;
  double sum = 0;
  for (const Sample& sample : samples) {
    ++sizes[sample.ip_bytes];
    bytes.push_back(sample.ip_bytes);
    sum += sample.ip_bytes;
    if (sample.ip_bytes != usual_bytes) ++result.events[static_cast<size_t>(Event::odd_size)];
    if (!sample.is_cell) ++result.events[static_cast<size_t>(Event::foreign_packet)];
  }
  const bool any = !samples.empty();
  out.add("packets", static_cast<double>(samples.size()));
  out.add("bytes", sum);
  out.add("sizes: distinct", static_cast<double>(sizes.size()));
  out.add("sizes: smallest", any ? static_cast<double>(sizes.begin()->first) : kMissing);
  out.add("sizes: largest", any ? static_cast<double>(sizes.rbegin()->first) : kMissing);
  out.add("sizes: mean", any ? mean_of(bytes) : kMissing);
  out.add("sizes: deviation", any ? deviation_of(bytes) : kMissing);
  out.add("sizes: not the usual", result.events[static_cast<size_t>(Event::odd_size)]);
  out.add("packets that are not cells", result.events[static_cast<size_t>(Event::foreign_packet)]);
}

void add_counts(Collector& out, const Trains& trains, const std::vector<double>& slot_gaps,
                const SlotStructure& slots, LinkWindow& result) {
  auto& events = result.events;
  // The window's edges may cut a train in two: the first and the last do not count.
  for (size_t i = 1; i + 1 < trains.counts.size(); ++i) {
    ++result.train_counts[static_cast<uint32_t>(trains.counts[i])];
    if (trains.counts[i] < slots.cells) ++events[static_cast<size_t>(Event::short_train)];
    if (trains.counts[i] > slots.cells) ++events[static_cast<size_t>(Event::long_train)];
  }
  for (const double gap : slot_gaps) {
    if (slots.period_ns <= 0 || gap <= slots.skip_ratio * slots.period_ns) continue;
    const double left_out = std::min(1e6, std::round(gap / slots.period_ns) - 1);
    events[static_cast<size_t>(Event::skipped_slot)] += static_cast<uint32_t>(std::max(1.0, left_out));
  }
  const bool any = !trains.counts.empty();
  out.add("count a train: mean", any ? mean_of(trains.counts) : kMissing);
  out.add("count a train: deviation", any ? deviation_of(trains.counts) : kMissing);
  out.add("trains", static_cast<double>(trains.counts.size()));
  out.add("trains shorter than usual", events[static_cast<size_t>(Event::short_train)]);
  out.add("trains longer than usual", events[static_cast<size_t>(Event::long_train)]);
  out.add("slots left out", events[static_cast<size_t>(Event::skipped_slot)]);
}

// Where the trains' starts fall in the grid of slots.
void add_lateness(Collector& out, const Trains& trains, const Window& window, const SlotStructure& slots,
                  LinkWindow& result) {
  std::vector<double> lateness;
  result.phase_ns = kMissing;
  if (slots.period_ns > 0 && !trains.starts.empty()) {
    const double offset = static_cast<double>(window.start.ns) - slots.origin_ns;
    for (const double start : trains.starts) {
      lateness.push_back(std::fmod(offset + start, slots.period_ns));
    }
    result.phase_ns = mean_phase(lateness, slots.period_ns);
  }
  if (std::isnan(result.phase_ns)) {
    lateness.clear();
  } else {
    const double length = static_cast<double>((window.end - window.start).ns);
    for (size_t i = 0; i < lateness.size(); ++i) {
      lateness[i] = std::remainder(lateness[i] - result.phase_ns, slots.period_ns);
      const auto place = static_cast<size_t>(trains.starts[i] / length * static_cast<double>(kCourse));
      float& course = result.lateness_course[std::min(place, kCourse - 1)];
      course = std::max(course, static_cast<float>(lateness[i]));
    }
  }
  out.add("phase in the slot", kMissing);         // filled in by follow_phases
  out.add("phase against neighbours", kMissing);  // likewise
  out.add_spread("lateness", std::move(lateness), kQuantiles);
}

LinkWindow compute(std::span<const Sample> samples, const Window& window, const SlotStructure& slots,
                   uint32_t usual_bytes, std::vector<std::string>* names) {
  LinkWindow result;
  result.packet_course.assign(kCourse, 0);
  result.lateness_course.assign(kCourse, 0);
  Collector out(names);
  add_sizes(out, samples, usual_bytes, result);

  std::vector<double> gaps;
  const double length = static_cast<double>((window.end - window.start).ns);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i > 0) gaps.push_back(static_cast<double>(samples[i].time_ns - samples[i - 1].time_ns));
    const double place = static_cast<double>(samples[i].time_ns - window.start.ns) / length;
    result.packet_course[std::min(static_cast<size_t>(place * kCourse), kCourse - 1)] += 1;
  }
  // Slots that are regular fill the hundredths by one train more or less, in a slow beat of the two lengths
  // that says nothing, and would only make neighbouring windows alike.
  const auto [min, max] = std::minmax_element(result.packet_course.begin(), result.packet_course.end());
  if (*max - *min <= static_cast<float>(slots.cells)) result.packet_course.assign(kCourse, 0);

  const Trains trains = cut_trains(samples, window, slots.train_gap_ns);
  for (size_t i = 0; i < trains.starts.size(); ++i) {
    result.releases.add(window.start.ns + std::llround(trains.starts[i]),
                        static_cast<uint32_t>(trains.counts[i]));
  }
  const std::vector<double> slot_gaps = differences(trains.starts);
  out.add_spread("gaps", std::move(gaps), kQuantiles);
  out.add_spread("gaps inside a train", trains.inside_gaps, kQuantiles);
  out.add_spread("slot to slot", slot_gaps, kQuantiles);
  out.add_spread("length of a train", trains.durations, kTailQuantiles);
  add_counts(out, trains, slot_gaps, slots, result);
  add_lateness(out, trains, window, slots, result);
  result.features = std::move(out.values);
  return result;
}

}  // namespace

const char* event_name(Event event) {
  constexpr const char* kNames[] = {"slots left out", "trains shorter than usual", "trains longer than usual",
                                    "sizes other than the usual", "packets that are not cells"};
  return kNames[static_cast<size_t>(event)];
}

const std::vector<std::string>& link_feature_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> collected;
    compute({}, Window{Instant{0}, Instant{1}, 0, 0}, SlotStructure{}, 0, &collected);
    return collected;
  }();
  return names;
}

size_t phase_feature() {
  static const size_t position = [] {
    const auto& names = link_feature_names();
    return static_cast<size_t>(std::find(names.begin(), names.end(), "phase in the slot") - names.begin());
  }();
  return position;
}

size_t neighbour_phase_feature() {
  return phase_feature() + 1;
}

LinkWindow link_features(std::span<const Sample> samples, const Window& window, const SlotStructure& slots,
                         uint32_t usual_bytes) {
  return compute(samples, window, slots, usual_bytes, nullptr);
}

}  // namespace cuttle::audit
