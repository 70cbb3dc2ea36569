#include "base/units.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

TEST(Rate, AcceptsWhatPeopleWrite) {
  EXPECT_EQ(parse_rate("200 Mb/s"), 200'000'000u);
  EXPECT_EQ(parse_rate("1 Gb/s"), 1'000'000'000u);
  EXPECT_EQ(parse_rate("64kb/s"), 64'000u);
  EXPECT_EQ(parse_rate("2.5 Gb/s"), 2'500'000'000u);
  EXPECT_EQ(parse_rate("100 Mbit/s"), 100'000'000u);
  EXPECT_EQ(parse_rate("9000 b/s"), 9'000u);
  EXPECT_EQ(parse_rate("1 Tb/s"), 1'000'000'000'000u);
}

TEST(Rate, RefusesTheRest) {
  for (const char* text :
       {"", "b/s", "200", "200 MB/s", "200 mb/s", "-1 Mb/s", "1e3 b/s", "1.5 b/s", "1.2.3 Gb/s", "1. Gb/s",
        ".5 Gb/s", "200 Mb/s ", " 200 Mb/s", "99999999999999999999 b/s", "9999999999999 Tb/s"}) {
    EXPECT_EQ(parse_rate(text), std::nullopt) << text;
  }
}

TEST(DurationText, AcceptsWhatPeopleWrite) {
  EXPECT_EQ(parse_duration("200 us"), microseconds(200));
  EXPECT_EQ(parse_duration("200 \u00b5s"), microseconds(200));
  EXPECT_EQ(parse_duration("0.5 ms"), microseconds(500));
  EXPECT_EQ(parse_duration("1s"), seconds(1));
  EXPECT_EQ(parse_duration("0 us"), nanoseconds(0));
  EXPECT_EQ(parse_duration("17 ns"), nanoseconds(17));
}

TEST(DurationText, RefusesTheRest) {
  for (const char* text : {"", "us", "200", "200 u", "1 min", "-1 s", "0.5 ns", "99999999999 s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Format, PicksTheUnitAPersonWould) {
  EXPECT_EQ(format_rate(200'000'000), "200 Mb/s");
  EXPECT_EQ(format_rate(1'500'000'000), "1.5 Gb/s");
  EXPECT_EQ(format_rate(0), "0 b/s");
  EXPECT_EQ(format_duration(microseconds(240)), "240 us");
  EXPECT_EQ(format_duration(nanoseconds(-1'500)), "-1.5 us");
  EXPECT_EQ(format_duration(nanoseconds(0)), "0 ns");
}

}  // namespace
}  // namespace cuttle
