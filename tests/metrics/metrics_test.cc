// The metrics: all of them documented, none doubled, taken by Prometheus's own checker, and used with their
// right names by the rules and the dashboard.
#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>
#include <stdlib.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "metrics/families.hh"

namespace cuttle::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string file(const std::string& name) {
  std::ifstream stream(CUTTLE_TEST_DATA "/../../" + name);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

StatusSnapshot some_status() {
  StatusSnapshot status;
  status.node = "osd0";
  status.version = "1";
  status.uptime_s = 17;
  status.driver = "native";
  status.backend = "ipsec-mb";
  for (const char* name : {"mon", "osd1"}) {
    LinkStatus& link = status.links.emplace_back();
    link.name = name;
    link.state = "up";
    link.session_age_s = 5;
    link.rate_bps = 200'000'000;
    link.peer_rate_bps = 100'000'000;
    link.slot_ns = 180'000;
    link.cell_bytes = 1472;
    link.cells_sent = 10;
    link.cells_sent_dummy = 7;
    link.lateness.p99_ns = 1500;
    link.release = "queue";
    link.hiding = "hidden";
    link.hiding_permille = 505;
    link.drops["cell_replayed"] = 3;
    (link.name == "mon" ? link.calendar : link.ladder) = CalendarStatus{};
    if (link.name == "mon") link.relay = RelayStatus{.left_out = 2};
    if (link.name == "mon") link.preshared = PresharedStatus{7200, true, 1};
  }
  status.ladder.emplace();
  status.ladder->yields.emplace();
  return status;
}

std::string text() {
  return prometheus::TextSerializer().Serialize(families({{"osd0", some_status()}, {"mon", std::nullopt}}));
}

TEST(Metrics, TheNextStepOfACalendar) {
  StatusSnapshot status = some_status();
  status.links[0].calendar = CalendarStatus{400'000'000, 1'736'200'800, "other", 90'500};
  const std::string got = prometheus::TextSerializer().Serialize(families({{"osd0", status}}));
  EXPECT_THAT(got, HasSubstr("cuttle_link_next_rate_bytes_per_second{node=\"osd0\",peer=\"mon\"} 50000000"));
  EXPECT_THAT(got,
              HasSubstr("cuttle_link_next_rate_timestamp_seconds{node=\"osd0\",peer=\"mon\"} 1736200800"));
  EXPECT_THAT(got, HasSubstr("cuttle_link_calendar_differs{node=\"osd0\",peer=\"mon\"} 1"));
  EXPECT_THAT(got, HasSubstr("cuttle_link_clocks_apart_seconds{node=\"osd0\",peer=\"mon\"} 90.5"));
  EXPECT_THAT(got, Not(HasSubstr("cuttle_link_next_rate_bytes_per_second{node=\"osd0\",peer=\"osd1\"}")));
}

TEST(Metrics, WhatALadderTold) {
  StatusSnapshot status = some_status();
  status.ladder->told_millibits = 13'077;
  status.ladder->changes_today = 1;
  status.ladder->changes_per_day = 4;
  status.links[1].ladder->peer = "none";
  const std::string got = prometheus::TextSerializer().Serialize(families({{"osd0", status}}));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_told{node=\"osd0\"} 13.077"));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_changes_left{node=\"osd0\"} 3"));
  EXPECT_THAT(got, HasSubstr("cuttle_link_ladder_differs{node=\"osd0\",peer=\"osd1\"} 1"));
  EXPECT_THAT(got, Not(HasSubstr("cuttle_link_ladder_differs{node=\"osd0\",peer=\"mon\"}")));
}

TEST(Metrics, WhatALadderYieldsTo) {
  StatusSnapshot status = some_status();
  status.ladder->yields = YieldStatus{1, "", 201'000, 2, 3, 4, true, ""};
  const std::string got = prometheus::TextSerializer().Serialize(families({{"osd0", status}}));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_ceiling{node=\"osd0\"} 1"));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_lost_ratio{node=\"osd0\"} 0.201"));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_ceiling_falls_total{node=\"osd0\"} 2"));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_ceiling_rises_total{node=\"osd0\"} 3"));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_loss_unknown_total{node=\"osd0\"} 4"));
  EXPECT_THAT(got, HasSubstr("cuttle_ladder_cut{node=\"osd0\"} 1"));
  status.ladder->yields.reset();
  EXPECT_THAT(prometheus::TextSerializer().Serialize(families({{"osd0", status}})),
              Not(HasSubstr("cuttle_ladder_cut")));
}

TEST(Metrics, ValuesAndUnits) {
  const std::string got = text();
  EXPECT_THAT(got, HasSubstr("cuttle_relay_left_out_total{node=\"osd0\",peer=\"mon\"} 2"));
  EXPECT_THAT(got, Not(HasSubstr("cuttle_relay_left_out_total{node=\"osd0\",peer=\"osd1\"}")));
  EXPECT_THAT(got, HasSubstr("cuttle_agent_up{node=\"osd0\"} 1"));
  EXPECT_THAT(got, HasSubstr("cuttle_agent_up{node=\"mon\"} 0"));
  EXPECT_THAT(got, HasSubstr("cuttle_link_rate_bytes_per_second{node=\"osd0\",peer=\"mon\"} 25000000"));
  EXPECT_THAT(got, HasSubstr("cuttle_link_slot_seconds{node=\"osd0\",peer=\"mon\"} 0.00018"));
  EXPECT_THAT(
      got,
      HasSubstr("cuttle_link_cells_total{node=\"osd0\",peer=\"mon\",direction=\"sent\",kind=\"data\"} 3"));
  EXPECT_THAT(got,
              HasSubstr("cuttle_link_drops_total{node=\"osd0\",peer=\"osd1\",cause=\"cell_replayed\"} 3"));
}

TEST(Metrics, AFamilyComesOnceWithAllItsSamples) {
  std::set<std::string> seen;
  for (const auto& family : families({{"osd0", some_status()}, {"mon", some_status()}})) {
    EXPECT_TRUE(seen.insert(family.name).second) << family.name;
    EXPECT_FALSE(family.help.empty()) << family.name;
  }
}

TEST(Metrics, EachIsDocumentedAndNoOther) {
  std::set<std::string> there;
  for (const auto& family : families({{"osd0", some_status()}})) there.insert(family.name);
  const std::string page = file("docs/metrics.md");
  std::set<std::string> documented;
  const std::regex row("\n\\| `(cuttle_[a-z0-9_]+)`");
  for (std::sregex_iterator i(page.begin(), page.end(), row), end; i != end; ++i) documented.insert((*i)[1]);
  EXPECT_EQ(there, documented);
}

TEST(Metrics, RulesAndDashboardUseThemByTheirNames) {
  std::set<std::string> there;
  for (const auto& family : families({{"osd0", some_status()}})) there.insert(family.name);
  const std::regex use("cuttle_[a-z0-9_]+");
  for (const char* name : {"packaging/prometheus/cuttle.rules.yml", "packaging/grafana/cuttle.json"}) {
    const std::string content = file(name);
    ASSERT_FALSE(content.empty()) << name;
    for (std::sregex_iterator i(content.begin(), content.end(), use), end; i != end; ++i) {
      EXPECT_EQ(there.count(i->str()), 1u) << name << ": " << i->str();
    }
  }
}

TEST(Metrics, PrometheusTakesThem) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "promtool is not installed";
  std::string name = "/tmp/cuttle-metrics-XXXXXX";
  const int fd = ::mkstemp(name.data());
  ASSERT_GE(fd, 0);
  std::ofstream(name) << text();
  EXPECT_EQ(std::system(("promtool check metrics < " + name).c_str()), 0);
  std::remove(name.c_str());
}

}  // namespace
}  // namespace cuttle::metrics
