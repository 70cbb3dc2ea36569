// What a calendar would save, proposed from a week's export.
#include "plan/compare.hh"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <tuple>

#include "config/parse.hh"
#include "plan/output.hh"

namespace cuttle::plan {
namespace {

using testing::HasSubstr;

// Monday, 2025-01-06 00:00 UTC.
constexpr double kMonday_s = 1'736'121'600;

// Steps of a quarter of an hour: so much in each hour of the week, from Monday on.
template <typename Rate>
std::vector<LoadStep> week(Rate rate_bps, int days = 7) {
  std::vector<LoadStep> steps;
  for (int i = 0; i < days * 96; ++i) {
    const double at = kMonday_s + i * 900.0;
    steps.push_back({at, 900, static_cast<uint64_t>(rate_bps(i / 96, i % 96 / 4) * 900 / 8)});
  }
  return steps;
}

// 400 Mb/s on weekdays from 9 to 12, 50 Mb/s otherwise.
double office(int day, int hour) {
  return day < 5 && hour >= 9 && hour < 12 ? 400e6 : 50e6;
}

TEST(ProposedCalendar, BusyHoursOfWeekdaysAreOneEntry) {
  const ProposedCalendar calendar = propose_calendar(week(office), 500'000'000);
  EXPECT_TRUE(calendar.by_weekday);
  EXPECT_EQ(calendar.otherwise_bps, 63'000'000u);
  ASSERT_EQ(calendar.entries.size(), 1u);
  EXPECT_EQ(calendar.entries[0], (CalendarEntry{0x1f, 9 * 60, 12 * 60, 500'000'000}));
  EXPECT_EQ(to_toml(calendar),
            "[shape]\nrate = \"63 Mb/s\"\n\n[[shape.calendar]]\ndays = \"mon,tue,wed,thu,fri\"\n"
            "from = \"09:00\"\nuntil = \"12:00\"\nrate = \"500 Mb/s\"\n");
}

TEST(ProposedCalendar, FewDaysStandForEveryDayAndHoursUnknownGetTheWholeRate) {
  const ProposedCalendar two_days = propose_calendar(week(office, 2), 500'000'000);
  EXPECT_FALSE(two_days.by_weekday);
  ASSERT_EQ(two_days.entries.size(), 1u);
  EXPECT_EQ(two_days.entries[0].days, kEveryDay);
  auto steps = week(office);
  std::erase_if(steps, [](const LoadStep& step) { return step.at_s < kMonday_s + 3600; });
  const Calendar calendar(63'000'000, propose_calendar(steps, 500'000'000).entries);
  EXPECT_EQ(calendar.rate_at(static_cast<int64_t>(kMonday_s + 60) * 1'000'000'000), 500'000'000u);
}

// Each hour has room for its load, in proportion, and the configuration takes it.
RC_GTEST_PROP(ProposedCalendar, EveryHourHasItsRoomAndTheFileIsGood, ()) {
  std::vector<double> rates;
  for (int hour = 0; hour < 168; ++hour) rates.push_back(*rc::gen::inRange(1'000'000, 400'000'000));
  const auto steps = week([&](int day, int hour) { return rates[static_cast<size_t>(day * 24 + hour)]; });
  const double peak = *std::ranges::max_element(rates);
  const ProposedCalendar proposed = propose_calendar(steps, 500'000'000);
  const Calendar calendar(proposed.otherwise_bps, proposed.entries);
  RC_ASSERT(calendar.rates().size() <= 3u);
  for (const LoadStep& step : steps) {
    const auto rate = static_cast<double>(calendar.rate_at(static_cast<int64_t>(step.at_s * 1e9)));
    RC_ASSERT(rate >= 0.999 * std::min(step.mean_bps() / peak * 500e6, 500e6));
  }
  const ParsedConfig parsed = parse_config(to_toml(proposed), "");
  for (const Problem& problem : parsed.problems.list())
    RC_ASSERT(problem.message.find("shape") == std::string::npos);
  RC_ASSERT(parsed.config.shape.calendar == proposed.entries);
}

TEST(Compare, ACalendarAndALadderSendAFourthOfWhatOneRateDoes) {
  LinkLoad load;
  load.steps = week([](int, int hour) { return hour >= 9 && hour < 12 ? 400e6 : 50e6; });
  Advice advice;
  Option option;
  option.shape.rate_bps = 500'000'000;
  option.replay.waits.p99 = milliseconds(4);
  advice.options = {option};
  EXPECT_FALSE(compare(load, advice, {})) << "no rate is good enough";
  advice.recommended = 0;
  const auto comparison = compare(load, advice, {.price_per_gb = 0.01, .nodes = 20});
  ASSERT_TRUE(comparison);
  ASSERT_EQ(comparison->ways.size(), 4u);
  const auto& [flat, calendar, ladder, relays] =
      std::tie(comparison->ways[0], comparison->ways[1], comparison->ways[2], comparison->ways[3]);
  EXPECT_NEAR(flat.bytes_a_day, 19 * 500e6 / 8 * 86'400, 1e6);
  EXPECT_LT(calendar.bytes_a_day, flat.bytes_a_day / 4);
  EXPECT_EQ(calendar.bits_a_day, 0);
  EXPECT_NEAR(calendar.added_p99_s, 0.004, 1e-6);
  EXPECT_LT(ladder.bytes_a_day, flat.bytes_a_day / 3.5);
  EXPECT_GT(ladder.bits_a_day, 0);
  EXPECT_LE(ladder.bits_a_day, 48);
  EXPECT_NEAR(relays.bytes_a_day / flat.bytes_a_day, 0.105, 1e-6);
  const std::string text = to_string(*comparison);
  for (const char* word : {"one rate", "calendar", "ladder", "relays", "price a day",
                           "a study, not in the agent", "[[shape.calendar]]"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
  const Planned planned{load, {}, advice, comparison};
  EXPECT_THAT(to_json(planned), HasSubstr("\"bits_a_day\""));
  EXPECT_THAT(to_page(planned), HasSubstr("A rate for each hour"));
}

}  // namespace
}  // namespace cuttle::plan
