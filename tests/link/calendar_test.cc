// A calendar against the slowest thing that could work, a rate for every minute of a week, and when a change
// is told to the pacers.
#include "link/calendar.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "link/calendar_watch.hh"

namespace cuttle {
namespace {

constexpr int64_t kMinute_ns = 60'000'000'000;
// Monday, 2025-01-06 00:00 UTC.
constexpr int64_t kMonday_ns = 1'736'121'600'000'000'000;
constexpr Weekdays kWorkdays = 0x1f;

uint64_t slow_rate(uint64_t otherwise, const std::vector<CalendarEntry>& entries, int64_t wall_ns) {
  const auto minute = static_cast<uint32_t>((wall_ns - kMonday_ns) / kMinute_ns % kMinutesPerWeek);
  for (const CalendarEntry& entry : entries) {
    for (uint32_t day = 0; day < 7; ++day) {
      if ((entry.days >> day & 1) == 0) continue;
      const uint32_t begin = day * kMinutesPerDay + entry.from_minute;
      if ((minute + kMinutesPerWeek - begin) % kMinutesPerWeek < entry.minutes()) return entry.rate_bps;
    }
  }
  return otherwise;
}

// Some that do not overlap.
std::vector<CalendarEntry> draw_entries() {
  std::vector<CalendarEntry> entries;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    entries.push_back({static_cast<Weekdays>(*rc::gen::inRange(1, 128)), *rc::gen::inRange(0u, 1440u),
                       *rc::gen::inRange(1u, 1441u), *rc::gen::inRange<uint64_t>(1, 5)});
    if (entries.back().from_minute == entries.back().until_minute || find_overlap(entries))
      entries.pop_back();
  }
  return entries;
}

RC_GTEST_PROP(Calendar, TheRateIsThatOfTheMinute, ()) {
  const auto entries = draw_entries();
  const Calendar calendar(1, entries);
  for (int i = 0; i < 200; ++i) {
    const int64_t wall = kMonday_ns +
                         *rc::gen::inRange<int64_t>(0, 3 * int64_t{kMinutesPerWeek}) * kMinute_ns +
                         *rc::gen::inRange<int64_t>(0, kMinute_ns);
    RC_ASSERT(calendar.rate_at(wall) == slow_rate(1, entries, wall));
  }
}

RC_GTEST_PROP(Calendar, StepsFollowEachOtherWithoutAGap, ()) {
  const auto entries = draw_entries();
  const Calendar calendar(1, entries);
  int64_t wall = kMonday_ns + *rc::gen::inRange<int64_t>(0, int64_t{kMinutesPerWeek} * kMinute_ns);
  for (int i = 0; i < 40; ++i) {
    const Calendar::Step now = calendar.step_at(wall);
    const auto next = calendar.next_after(wall);
    RC_ASSERT(now.wall_ns <= wall);
    if (!next) {
      RC_ASSERT(calendar.rates().size() == 1u);
      return;
    }
    RC_ASSERT(next->wall_ns > wall);
    RC_ASSERT(next->rate_bps != now.rate_bps);
    RC_ASSERT(calendar.rate_at(next->wall_ns - 1) == now.rate_bps);
    RC_ASSERT(calendar.step_at(next->wall_ns).wall_ns == next->wall_ns);
    wall = next->wall_ns;
  }
}

TEST(Calendar, AnEntryPastMidnightBelongsToTheDayOnWhichItBegins) {
  const std::vector<CalendarEntry> nights{{kWorkdays, 22 * 60, 4 * 60, 400}};
  const Calendar calendar(50, nights);
  const auto at = [&](int64_t day, int64_t hour) {
    return calendar.rate_at(kMonday_ns + (day * 24 + hour) * 60 * kMinute_ns);
  };
  EXPECT_EQ(at(0, 3), 50u) << "Sunday's night is none";
  EXPECT_EQ(at(0, 21), 50u);
  EXPECT_EQ(at(0, 22), 400u);
  EXPECT_EQ(at(1, 3), 400u);
  EXPECT_EQ(at(5, 3), 400u) << "Friday's night";
  EXPECT_EQ(at(5, 4), 50u);
  EXPECT_EQ(calendar.rates(), (std::vector<uint64_t>{50, 400}));
  EXPECT_DOUBLE_EQ(calendar.bytes_a_week(), (5 * 6 * 3600 * 400.0 + (168 - 30) * 3600 * 50.0) / 8);
}

TEST(Calendar, OverlapsAreFoundAlsoAcrossTheEndOfTheWeek) {
  const CalendarEntry sunday{0x40, 23 * 60, 60, 1};
  EXPECT_FALSE(find_overlap(std::vector{sunday, CalendarEntry{1, 60, 120, 2}}));
  EXPECT_EQ(find_overlap(std::vector{sunday, CalendarEntry{1, 59, 120, 2}}), 59u);
}

TEST(Calendar, FingerprintsTellCalendarsApart) {
  const std::vector<CalendarEntry> a{{kWorkdays, 60, 120, 400}};
  const std::vector<CalendarEntry> b{{kWorkdays, 60, 121, 400}};
  EXPECT_EQ(Calendar(50, a).fingerprint(), Calendar(50, a).fingerprint());
  EXPECT_NE(Calendar(50, a).fingerprint(), Calendar(50, b).fingerprint());
  EXPECT_NE(Calendar(50, a).fingerprint(), Calendar(51, a).fingerprint());
  EXPECT_NE(Calendar(50, a).fingerprint(), 0u);
}

// From 01:00 to 02:00 every day.
Calendar one_hour() {
  return {50, std::vector{CalendarEntry{kEveryDay, 60, 120, 400}}};
}
constexpr int64_t kOne_ns = kMonday_ns + 60 * kMinute_ns;

TEST(CalendarWatch, AChangeIsToldOnceAheadAndForTheSameInstantWheneverThatWas) {
  std::optional<Instant> at;
  for (const int64_t early_ms : {10'000, 9'950, 9'901}) {
    CalendarWatch watch(one_hour(), static_cast<uint64_t>(kOne_ns - seconds(60).ns));
    EXPECT_EQ(watch.begins_with_bps(), 50u);
    const Instant now{777 - milliseconds(early_ms).ns};
    EXPECT_FALSE(watch.handle_time(now - milliseconds(200),
                                   static_cast<uint64_t>(kOne_ns - milliseconds(early_ms + 200).ns)));
    const auto change = watch.handle_time(now, static_cast<uint64_t>(kOne_ns - milliseconds(early_ms).ns));
    ASSERT_TRUE(change);
    EXPECT_EQ(change->rate_bps, 400u);
    EXPECT_EQ(change->at.ns, 777);
    EXPECT_EQ(change->at - change->place_at, ToldAhead{}.placed);
    EXPECT_EQ(change->at, at.value_or(change->at));
    at = change->at;
    EXPECT_FALSE(watch.handle_time(now + milliseconds(100),
                                   static_cast<uint64_t>(kOne_ns - milliseconds(early_ms - 100).ns)));
  }
}

// The thread that reads the clocks may be kept from running between the two.
TEST(CalendarWatch, AWallClockThatIsReadLateMovesNothing) {
  CalendarWatch watch(one_hour(), static_cast<uint64_t>(kOne_ns - seconds(60).ns));
  for (int64_t before_ms = 11'000; before_ms >= 10'100; before_ms -= 100) {
    EXPECT_FALSE(watch.handle_time(Instant{-milliseconds(before_ms).ns},
                                   static_cast<uint64_t>(kOne_ns - milliseconds(before_ms).ns)));
  }
  const auto change = watch.handle_time(Instant{-milliseconds(10'000).ns},
                                        static_cast<uint64_t>(kOne_ns - milliseconds(10'000 - 40).ns));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->at.ns, 0);
}

TEST(CalendarWatch, ALinkThatStartsShortlyBeforeAChangeBeginsWithTheComingRate) {
  CalendarWatch watch(one_hour(), static_cast<uint64_t>(kOne_ns - seconds(5).ns));
  EXPECT_EQ(watch.begins_with_bps(), 400u);
  EXPECT_FALSE(watch.handle_time(Instant{0}, static_cast<uint64_t>(kOne_ns - seconds(5).ns)));
}

TEST(CalendarWatch, AClockThatWasSetChangesTheRateSoonAndNotWhenThatWasSeen) {
  std::optional<Instant> at;
  for (const int64_t seen_ms : {3, 70, 2'000}) {
    CalendarWatch watch(one_hour(), static_cast<uint64_t>(kOne_ns - seconds(3000).ns));
    EXPECT_FALSE(watch.handle_time(Instant{0}, static_cast<uint64_t>(kOne_ns - seconds(3000).ns)));
    const auto change = watch.handle_time(Instant{0} + seconds(40) + milliseconds(seen_ms),
                                          static_cast<uint64_t>(kOne_ns + 1));
    ASSERT_TRUE(change);
    EXPECT_EQ(change->at, Instant{0} + seconds(60));
    EXPECT_GE(change->at - change->place_at, seconds(1));
  }
}

}  // namespace
}  // namespace cuttle
