#include "link/calendar.hh"

#include <algorithm>

#include "base/fnv1a.hh"

namespace cuttle {

namespace {

constexpr int64_t kMinute_ns = 60'000'000'000;
constexpr int64_t kWeek_ns = kMinute_ns * kMinutesPerWeek;
// 1970 began on a Thursday.
constexpr int64_t kFirstMonday_ns = 4 * int64_t{kMinutesPerDay} * kMinute_ns;

int64_t week_begin(int64_t wall_ns) {
  const int64_t since = wall_ns - kFirstMonday_ns;
  const int64_t into = ((since % kWeek_ns) + kWeek_ns) % kWeek_ns;
  return wall_ns - into;
}

template <typename Visit>
void for_each_span(std::span<const CalendarEntry> entries, Visit visit) {
  for (const CalendarEntry& entry : entries) {
    for (uint32_t day = 0; day < 7; ++day) {
      if ((entry.days >> day & 1) == 0) continue;
      visit(day * kMinutesPerDay + entry.from_minute, entry);
    }
  }
}

}  // namespace

std::string_view weekday_name(uint32_t day) {
  static constexpr std::string_view kNames[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  return kNames[day % 7];
}

std::optional<uint32_t> find_overlap(std::span<const CalendarEntry> entries) {
  std::vector<bool> taken(kMinutesPerWeek);
  std::optional<uint32_t> overlap;
  for_each_span(entries, [&](uint32_t begin, const CalendarEntry& entry) {
    for (uint32_t i = 0; i < entry.minutes() && !overlap; ++i) {
      const uint32_t minute = (begin + i) % kMinutesPerWeek;
      if (taken[minute]) overlap = minute;
      taken[minute] = true;
    }
  });
  return overlap;
}

Calendar::Calendar(uint64_t otherwise_bps, std::span<const CalendarEntry> entries) {
  std::vector<uint64_t> week(kMinutesPerWeek, otherwise_bps);
  for_each_span(entries, [&](uint32_t begin, const CalendarEntry& entry) {
    for (uint32_t i = 0; i < entry.minutes(); ++i) week[(begin + i) % kMinutesPerWeek] = entry.rate_bps;
  });
  for (uint32_t minute = 0; minute < kMinutesPerWeek; ++minute) {
    const uint64_t before = week[(minute + kMinutesPerWeek - 1) % kMinutesPerWeek];
    if (week[minute] != before) changes_.push_back({minute, week[minute]});
  }
  if (changes_.empty()) changes_.push_back({0, week[0]});
}

Calendar::Step Calendar::step_at(int64_t wall_ns) const {
  const int64_t begin = week_begin(wall_ns);
  const auto later = std::ranges::find_if(
      changes_, [&](const Change& change) { return begin + change.minute * kMinute_ns > wall_ns; });
  // Before the first change of a week, the last one of the week before holds.
  if (later == changes_.begin()) {
    return {changes_.back().rate_bps, begin - kWeek_ns + changes_.back().minute * kMinute_ns};
  }
  const Change& change = *(later - 1);
  return {change.rate_bps, begin + change.minute * kMinute_ns};
}

std::optional<Calendar::Step> Calendar::next_after(int64_t wall_ns) const {
  if (changes_.size() == 1) return std::nullopt;
  const int64_t begin = week_begin(wall_ns);
  for (const Change& change : changes_) {
    if (begin + change.minute * kMinute_ns > wall_ns)
      return Step{change.rate_bps, begin + change.minute * kMinute_ns};
  }
  return Step{changes_.front().rate_bps, begin + kWeek_ns + changes_.front().minute * kMinute_ns};
}

std::vector<uint64_t> Calendar::rates() const {
  std::vector<uint64_t> rates;
  for (const Change& change : changes_) rates.push_back(change.rate_bps);
  std::ranges::sort(rates);
  rates.erase(std::unique(rates.begin(), rates.end()), rates.end());
  return rates;
}

double Calendar::bytes_a_week() const {
  double bytes = 0;
  for (size_t i = 0; i < changes_.size(); ++i) {
    const uint32_t end =
        i + 1 < changes_.size() ? changes_[i + 1].minute : changes_.front().minute + kMinutesPerWeek;
    bytes += static_cast<double>(changes_[i].rate_bps) / 8 * 60 * (end - changes_[i].minute);
  }
  return bytes;
}

uint16_t Calendar::fingerprint() const {
  Fnv1a hash;
  for (const Change& change : changes_) {
    hash.add_number(change.minute);
    hash.add_number(change.rate_bps);
  }
  return hash.fingerprint();
}

}  // namespace cuttle
