#include "trace/exact_time.hh"

#include <gtest/gtest.h>

namespace cuttle::trace {
namespace {

constexpr int64_t kMillisecond = 1'000'000;

LogLine fine(uint64_t thread, int64_t us, const char* text) {
  return {us * 1000, 1000, thread, 10, text};
}
LogLine coarse(uint64_t thread, int64_t ms, const char* text) {
  return {ms * kMillisecond, kMillisecond, thread, 10, text};
}

const TimedLine& line_of(const std::vector<TimedLine>& lines, const std::string& text) {
  for (const TimedLine& timed : lines) {
    if (timed.line.text == text) return timed;
  }
  throw std::out_of_range(text);
}

TEST(ExactTime, GivesTheNthCoarseLineTheNthReadingOfItsThread) {
  const auto lines = exact_times({coarse(1, 5, "a"), coarse(2, 5, "other"), coarse(1, 5, "b")},
                                 {{1, 5'100'000}, {2, 5'900'000}, {1, 5'300'000}});
  EXPECT_EQ(line_of(lines, "a").at_ns, 5'100'000);
  EXPECT_EQ(line_of(lines, "b").at_ns, 5'300'000);
  EXPECT_EQ(line_of(lines, "other").at_ns, 5'900'000);
  EXPECT_EQ(lines.back().line.text, "other") << "not in the order of time";
}

TEST(ExactTime, GuessesNothingWhenTheNumbersDisagree) {
  const auto lines =
      exact_times({coarse(1, 5, "a"), coarse(1, 5, "b")}, {{1, 5'100'000}, {1, 5'300'000}, {1, 5'400'000}});
  for (const TimedLine& timed : lines) {
    EXPECT_EQ(timed.at_ns, 5'000'000);
    EXPECT_EQ(timed.uncertainty_ns, kMillisecond);
  }
}

TEST(ExactTime, BoundsACoarseLineByItsThreadsNeighbours) {
  const auto lines =
      exact_times({fine(1, 5'200, "before"), coarse(1, 5, "between"), fine(1, 5'450, "after")}, {{9, 1}});
  EXPECT_EQ(line_of(lines, "between").at_ns, 5'200'000);
  EXPECT_EQ(line_of(lines, "between").uncertainty_ns, 251'000)
      << "the line after it is known to the microsecond";
}

TEST(ExactTime, TrustsACoarseStampToATickWhenNobodyWatchedTheClock) {
  const auto lines = exact_times({coarse(1, 4, "a")}, {});
  EXPECT_EQ(lines.front().uncertainty_ns, 4 * kMillisecond);
}

}  // namespace
}  // namespace cuttle::trace
