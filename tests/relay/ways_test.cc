#include "relay/ways.hh"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "relay/grants.hh"

namespace cuttle::relay {
namespace {

class WaysTest : public ::testing::Test {
 protected:
  std::optional<size_t> way(size_t bytes = 1000) {
    return ways.poll_way(now, bytes, [](size_t /*way*/) { return true; });
  }
  // Reports of 100 ms, in each of which so many were sent by way 1 and so many of them came, three reports
  // later. True when the way was left out.
  bool reports(int count, uint32_t sent, uint32_t came) { return reports(count, sent, {{1, came}}); }
  // The same of several ways, each with how many came.
  bool reports(int count, uint32_t sent, const std::map<size_t, uint32_t>& came) {
    bool left_out = false;
    for (int i = 0; i < count && !left_out; ++i) {
      now = now + milliseconds(100);
      for (const auto& [way, by_it] : came) {
        for (uint32_t k = 0; k < sent; ++k) ways.handle_sent(way, 100);
        auto& waiting = on_the_way[way];
        waiting.push_back(by_it);
        if (waiting.size() == 3) {
          total[way] += waiting.front();
          waiting.pop_front();
        }
        left_out |= ways.handle_count(now, way, total[way]);
      }
      ways.handle_report(now);
    }
    return left_out;
  }

  Ways ways;
  Instant now{1'000'000};
  std::map<size_t, std::deque<uint32_t>> on_the_way;
  std::map<size_t, uint32_t> total;
};

TEST_F(WaysTest, TheOneWithMostCredit) {
  EXPECT_EQ(way(), std::nullopt);
  ways.handle_grant(now, 1, 5000);
  ways.handle_grant(now, 2, 6000);
  EXPECT_EQ(way(), 2u);
  ways.handle_sent(2, 1500);
  EXPECT_EQ(way(), 1u);
  EXPECT_EQ(way(5001), std::nullopt);
}

TEST_F(WaysTest, AGrantEndsByItself) {
  ways.handle_grant(now, 1, 5000);
  now = now + Ways::kGrantLife;
  EXPECT_EQ(way(), std::nullopt);
}

TEST_F(WaysTest, AGoodRelayIsNeverLeftOut) {
  EXPECT_FALSE(reports(100, 50, 50));
  EXPECT_FALSE(reports(20, 0, 0));
  EXPECT_FALSE(reports(100, 50, 50));
}

TEST_F(WaysTest, ALossyPathIsNoBadRelay) {
  EXPECT_FALSE(reports(100, 50, {{0, 45}, {1, 45}}));
}

TEST_F(WaysTest, ARelayThatDropsALittleAllTheTimeIsLeftOut) {
  EXPECT_FALSE(reports(300, 50, {{0, 50}, {1, 48}}));
  EXPECT_TRUE(reports(30, 50, {{0, 50}, {1, 45}}));
  EXPECT_TRUE(ways.is_left_out(now, 1));
}

TEST_F(WaysTest, NowAndThenManyIsNot) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(reports(1, 50, {{0, 50}, {1, 40}}));
    EXPECT_FALSE(reports(20, 50, {{0, 50}, {1, 50}}));
  }
}

TEST_F(WaysTest, TheOneThatLosesLess) {
  EXPECT_FALSE(reports(300, 50, {{0, 50}, {1, 48}, {2, 50}}));
  ways.handle_grant(now, 1, 6000);
  ways.handle_grant(now, 2, 5000);
  EXPECT_EQ(way(), 2u);
}

TEST_F(WaysTest, ARelayThatDropsIsLeftOutWithinTwoSecondsAndLongerEachTime) {
  EXPECT_FALSE(reports(10, 50, 50));
  EXPECT_TRUE(reports(20, 50, 20));
  ways.handle_grant(now, 1, 5000);
  EXPECT_TRUE(ways.is_left_out(now, 1));
  EXPECT_EQ(way(), std::nullopt);
  now = now + Ways::kLeftOut;
  ways.handle_grant(now, 1, 5000);
  EXPECT_EQ(way(), 1u);
  EXPECT_TRUE(reports(20, 50, 20));
  EXPECT_TRUE(ways.is_left_out(now + Ways::kLeftOut, 1));
}

TEST_F(WaysTest, ARelayThatDropsEverythingIsLeftOutAsWell) {
  EXPECT_FALSE(reports(5, 0, 0));
  EXPECT_TRUE(reports(20, 20, 0));
}

TEST_F(WaysTest, ReportsThatComeTogetherAreOne) {
  EXPECT_FALSE(reports(10, 50, 50));
  for (int k = 0; k < 200; ++k) ways.handle_sent(1, 100);
  for (size_t i = 0; i < 2 * Ways::kReportsBack; ++i) {
    EXPECT_FALSE(ways.handle_count(now, 1, total[1]));
    ways.handle_report(now);
  }
}

TEST_F(WaysTest, ADestinationThatCountsAnewIsNoBadRelay) {
  EXPECT_FALSE(reports(10, 50, 50));
  total.clear();
  EXPECT_FALSE(reports(10, 50, 50));
}

TEST(Grants, WhatOwnPacketsLeave) {
  Grants grants(25);
  grants.handle_interval(10'000, 3000);
  EXPECT_EQ(grants.granted_bytes(1), 6500u);
}

TEST(Grants, AShareIsGuaranteed) {
  Grants grants(25);
  grants.handle_interval(10'000, 10'000);
  EXPECT_EQ(grants.granted_bytes(1), 2500u);
}

TEST(Grants, AllGetAnEqualPartAndWhatOthersDoNotUse) {
  Grants grants(25);
  grants.handle_relayed(1, 100'000);
  grants.handle_relayed(2, 1000);
  grants.handle_interval(10'000, 0);
  EXPECT_EQ(grants.granted_bytes(1), 9500u - 1100u);
  EXPECT_EQ(grants.granted_bytes(2), 9500u / 2);
  EXPECT_EQ(grants.granted_bytes(3), 9500u / 3);
  for (uint32_t i = 0; i < Grants::kRemembered; ++i) grants.handle_interval(10'000, 0);
  EXPECT_EQ(grants.granted_bytes(3), 9500u);
}

}  // namespace
}  // namespace cuttle::relay
