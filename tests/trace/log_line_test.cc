#include "trace/log_line.hh"

#include <gtest/gtest.h>

namespace cuttle::trace {
namespace {

TEST(LogLine, ReadsTheParts) {
  const auto line = parse_log_line("2026-11-21T06:22:43.197127+0000 7f0433ab7500 10 monclient: init");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->ns, 1795242163197127000);
  EXPECT_EQ(line->precision_ns, 1000);
  EXPECT_EQ(line->thread, 0x7f0433ab7500U);
  EXPECT_EQ(line->level, 10);
  EXPECT_EQ(line->text, "monclient: init");
}

TEST(LogLine, TellsACoarseStamp) {
  const auto line = parse_log_line("2026-11-21T06:22:43.196+0000 7f04 -1 librados: error");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->precision_ns, 1'000'000);
  EXPECT_EQ(line->level, -1);
}

TEST(LogLine, CountsTheTimeZoneAway) {
  const auto utc = parse_stamp("2026-11-21T06:22:43.196000+0000");
  const auto east = parse_stamp("2026-11-21T11:52:43.196000+0530");
  const auto west = parse_stamp("2026-11-20T22:22:43.196000-0800");
  ASSERT_TRUE(utc && east && west);
  EXPECT_EQ(utc->ns, east->ns);
  EXPECT_EQ(utc->ns, west->ns);
}

TEST(LogLine, RefusesWhatIsNone) {
  for (const char* text :
       {"", "epoch 0", "2026-11-21", "2026-11-21T06:22:43+0000 7f 1 x", "2026-13-21T06:22:43.196+0000 7f 1 x",
        "2026-11-21T06:22:43.196+0000 zz 1 x", "2026-11-21T06:22:43.196+0000 7f"}) {
    EXPECT_FALSE(parse_log_line(text)) << text;
  }
}

TEST(LogLine, LeavesNoKeyInAQuotedLine) {
  EXPECT_EQ(without_secrets("cephx: service osd secret_id 2 session_key AQCzOAFr== validity=3600"),
            "cephx: service osd secret_id 2 session_key ... validity=3600");
  EXPECT_EQ(without_secrets("cephx client:  got initial server challenge 6205d0b6"),
            "cephx client:  got initial server challenge ...");
  EXPECT_EQ(without_secrets("get auth session key: client_challenge 94291d"),
            "get auth session key: client_challenge ...");
}

TEST(Pattern, MatchesItsPartsInOrder) {
  EXPECT_TRUE(find_pattern("-- ME --> v2:1 -- osd_op(client", "--> * -- osd_op("));
  EXPECT_FALSE(find_pattern("osd_op( -- ME --> v2:1", "--> * -- osd_op("));
  EXPECT_EQ(find_pattern("abcd", "b*d"), 4U);
  EXPECT_FALSE(find_pattern("abc", "abc*c"));
}

}  // namespace
}  // namespace cuttle::trace
