// A calendar that a load would have fitted into.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/units.hh"
#include "plan/compare.hh"

namespace cuttle::plan {

namespace {

constexpr size_t kHours = 168;
constexpr size_t kMaxRates = 3;
constexpr double kSixDays_s = 6 * 86'400.0;
constexpr double kSmallestShare = 0.01;  // of the flat rate, that a calendar goes down to

// From Monday 00:00 UTC on; 1970 began on a Thursday.
size_t hour_of_week(double at_s) {
  return static_cast<size_t>(std::floor(at_s / 3600) + 72) % kHours;
}

// Two figures that count, upwards.
uint64_t round_up(double rate_bps) {
  const double unit = std::pow(10, std::floor(std::log10(rate_bps)) - 1);
  return static_cast<uint64_t>(std::ceil(rate_bps / unit - 1e-9) * unit + 0.5);
}

// Of at most kMaxRates rates, those that make the sum of all hours least; each hour has the lowest one that
// is not below its need.
std::vector<double> best_rates(std::vector<double> needs) {
  std::ranges::sort(needs);
  const size_t n = needs.size();
  // least[k][i]: of the first i needs with k rates.
  std::array<std::vector<double>, kMaxRates + 1> min;
  std::array<std::vector<size_t>, kMaxRates + 1> cut;
  for (size_t k = 0; k <= kMaxRates; ++k) min[k].assign(n + 1, 1e300), cut[k].assign(n + 1, 0);
  min[0][0] = 0;
  for (size_t k = 1; k <= kMaxRates; ++k) {
    min[k][0] = 0;
    for (size_t i = 1; i <= n; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double sum = min[k - 1][j] + needs[i - 1] * static_cast<double>(i - j);
        if (sum < min[k][i]) min[k][i] = sum, cut[k][i] = j;
      }
    }
  }
  std::vector<double> rates;
  for (size_t k = kMaxRates, i = n; i > 0 && k > 0; i = cut[k--][i]) rates.push_back(needs[i - 1]);
  std::ranges::reverse(rates);
  return rates;
}

}  // namespace

ProposedCalendar propose_calendar(const std::vector<LoadStep>& steps, uint64_t flat_bps) {
  ProposedCalendar proposed;
  if (steps.empty()) return {flat_bps, {}, false};
  proposed.by_weekday = steps.back().at_s + steps.back().length_s - steps.front().at_s >= kSixDays_s;
  double peak = 0;
  for (const LoadStep& step : steps) peak = std::max(peak, step.mean_bps());
  std::array<double, kHours> busiest{};
  std::array<bool, kHours> is_known{};
  for (const LoadStep& step : steps) {
    // A step may reach into the next hours.
    for (double at = step.at_s; at < step.at_s + step.length_s; at = (std::floor(at / 3600) + 1) * 3600) {
      for (size_t day = 0; day < (proposed.by_weekday ? 1 : 7); ++day) {
        const size_t hour = (hour_of_week(at) + 24 * day) % kHours;
        busiest[hour] = std::max(busiest[hour], step.mean_bps());
        is_known[hour] = true;
      }
    }
  }
  const auto flat = static_cast<double>(flat_bps);
  std::vector<double> needs(kHours);
  for (size_t hour = 0; hour < kHours; ++hour) {
    needs[hour] = is_known[hour] && peak > 0 ? std::max(busiest[hour] / peak, kSmallestShare) * flat : flat;
  }
  const std::vector<double> rates = best_rates(needs);
  std::array<uint64_t, kHours> chosen{};
  std::map<uint64_t, size_t> hours_at;
  for (size_t hour = 0; hour < kHours; ++hour) {
    const auto rate = std::ranges::find_if(rates, [&](double one) { return one >= needs[hour]; });
    chosen[hour] = std::min(round_up(*rate), std::max(flat_bps, uint64_t{1}));
    ++hours_at[chosen[hour]];
  }
  proposed.otherwise_bps =
      std::ranges::max_element(hours_at, {}, [](const auto& one) { return one.second; })->first;
  std::map<std::array<uint64_t, 3>, Weekdays> entries;  // from, until, rate
  for (uint32_t day = 0; day < 7; ++day) {
    for (uint32_t hour = 0; hour < 24;) {
      uint32_t end = hour + 1;
      while (end < 24 && chosen[day * 24 + end] == chosen[day * 24 + hour]) ++end;
      const uint64_t rate = chosen[day * 24 + hour];
      if (rate != proposed.otherwise_bps) {
        Weekdays& days = entries[{hour * 60, end * 60, rate}];
        days = static_cast<Weekdays>(days | 1U << day);
      }
      hour = end;
    }
  }
  for (const auto& [key, days] : entries) {
    proposed.entries.push_back({days, static_cast<uint32_t>(key[0]), static_cast<uint32_t>(key[1]), key[2]});
  }
  return proposed;
}

std::string to_toml(const ProposedCalendar& calendar) {
  std::string text = fmt::format("[shape]\nrate = \"{}\"\n", format_rate(calendar.otherwise_bps));
  for (const CalendarEntry& entry : calendar.entries) {
    text += "\n[[shape.calendar]]\n";
    std::string days;
    for (uint32_t day = 0; day < 7; ++day) {
      if ((entry.days >> day & 1) != 0) days += (days.empty() ? "" : ",") + std::string(weekday_name(day));
    }
    if (entry.days != kEveryDay) text += fmt::format("days = \"{}\"\n", days);
    text += fmt::format("from = \"{:02}:{:02}\"\nuntil = \"{:02}:{:02}\"\nrate = \"{}\"\n",
                        entry.from_minute / 60, entry.from_minute % 60, entry.until_minute / 60,
                        entry.until_minute % 60, format_rate(entry.rate_bps));
  }
  return text;
}

}  // namespace cuttle::plan
