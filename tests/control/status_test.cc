#include "control/status.hh"

#include <gmock/gmock.h>

#include "base/format.hh"
#include "control/how_links_are.hh"
#include "control/humanise.hh"

namespace cuttle {
namespace {

StatusSnapshot example() {
  StatusSnapshot status;
  status.node = "osd0";
  status.version = "0.1.0";
  status.uptime_s = 11'530;
  status.driver = "native";
  status.backend = "ipsec-mb";
  status.realtime = true;
  status.guard = {3, 0, 14};
  LinkStatus link;
  link.name = "mon";
  link.interface = "ct-mon";
  link.endpoint = "10.77.0.10:4410";
  link.state = "up";
  link.session_age_s = 63;
  link.cell_bytes = 1472;
  link.rate_bps = 200'000'000;
  link.slot_ns = 180'000;
  link.cells_per_slot = 3;
  link.cells_sent = 192'166'666;
  link.cells_sent_dummy = 191'000'000;
  link.cells_received = 192'160'000;
  link.cells_received_dummy = 96'080'000;
  link.packets_sent = 1'234;
  link.packets_received = 5;
  link.bytes_sent = 1'600'000'000;
  link.bytes_received = 999;
  link.drops = {{"cell_replayed", 12'000}, {"cell_size", 0}};
  link.deadlines_missed = 7;
  link.deadlines_late = 11;
  link.sealed_late_payloads = 12;
  link.sealed_late_dummies = 13;
  link.lateness = {400, 1'500, 190'000, 3'000'000};
  link.handshakes = 97;
  link.set_back = 2;
  link.release = "queue";
  link.lead_ns = 428'000;
  link.queue_empty = 3;
  link.queue_resets = 2;
  link.queue_dropped = 7;
  link.queue_sent_again = 4;
  link.release_queue = "fq, by the monotonic clock";
  link.pauses = 2;
  link.slots_caught_up = 9;
  link.wire_lateness = {12'288, 21'504, 70'656, 0};
  link.preshared = PresharedStatus{10'800, true, 2};
  link.calendar = CalendarStatus{400'000'000, 1'736'200'800, "other", 90'000};
  link.hiding = "hidden";
  link.hiding_permille = 508;
  status.links.push_back(link);
  link.calendar.reset();
  link.release = "thread";
  link.lead_ns = link.queue_empty = link.queue_dropped = link.queue_sent_again = 0;
  link.release_queue.clear();
  link.wire_lateness = {};
  link.hiding.clear();
  link.hiding_permille = 0;
  link.name = "osd1";
  link.interface = "ct-osd1";
  link.endpoint = "[fd00::12]:4410";
  link.state = "connecting";
  link.session_age_s.reset();
  link.preshared = PresharedStatus{std::nullopt, false, 0};
  link.lanes = 2;
  link.jitter_percent = 10;
  link.cells_sent = link.cells_sent_dummy = link.cells_received = link.cells_received_dummy = 0;
  link.drops.clear();
  status.links.push_back(link);
  return status;
}

LadderStatus some_ladder() {
  LadderStatus ladder;
  ladder.rates_bps = {50'000'000, 400'000'000};
  ladder.step = 1;
  ladder.epoch_s = 10;
  ladder.budget_bits = 48;
  ladder.told_millibits = 25'154;
  ladder.changes_today = 2;
  ladder.changes_per_day = 4;
  ladder.coordinator = "mon";
  ladder.held_by_budget = 1;
  ladder.held_unsaid = 2;
  ladder.held_late = 3;
  ladder.disagreements = 4;
  ladder.out_of_place = 5;
  ladder.other_ladder = 6;
  ladder.messages_dropped = 7;
  ladder.coordinator_changes = 8;
  ladder.clock_set_back = 9;
  return ladder;
}

TEST(StatusJson, ALadderComesBackAsItWas) {
  StatusSnapshot status = example();
  status.ladder = some_ladder();
  status.links[1].ladder = CalendarStatus{.peer = "none", .clocks_apart_ms = 7};
  const auto back = status_from_json(to_json(status));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, status);
  std::string json = to_json(status);
  const size_t at = json.find("\"step\": 1");
  ASSERT_NE(at, std::string::npos);
  json[at + 8] = '2';
  EXPECT_FALSE(status_from_json(json)) << "no such step";
}

TEST(StatusJson, OneThatYieldsComesBackAsItWas) {
  StatusSnapshot status = example();
  status.ladder = some_ladder();
  EXPECT_EQ(to_json(status).find("yields"), std::string::npos);
  status.ladder->yields =
      YieldStatus{1, "mon lost 20.1 % of this node's cells", 201'000, 2, 3, 4, true, "why"};
  const auto back = status_from_json(to_json(status));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, status);
  status.ladder->yields->ceiling = 2;
  EXPECT_FALSE(status_from_json(to_json(status))) << "no such step";
}

TEST(StatusTable, WhatALadderYieldsTo) {
  StatusSnapshot status = example();
  status.ladder = some_ladder();
  EXPECT_THAT(render_table(status), testing::Not(testing::HasSubstr("yields")));
  status.ladder->yields.emplace();
  EXPECT_THAT(render_table(status),
              testing::HasSubstr("  yields: at most 50 Mb/s; what is lost is not known yet\n"));
  status.ladder->yields->lost = "mon lost 20.1 % of this node's cells";
  EXPECT_THAT(render_table(status),
              testing::HasSubstr("  yields: at most 50 Mb/s; mon lost 20.1 % of this node's cells\n"));
  EXPECT_THAT(render_table(status), testing::Not(testing::HasSubstr("BREAKER")));
  status.ladder->yields->is_cut = true;
  status.ladder->yields->why_cut = "mon lost 30.0 % of this node's cells";
  EXPECT_THAT(render_table(status), testing::HasSubstr("  THE BREAKER CUT until 00:00 UTC: mon lost 30.0 %"));
}

TEST(StatusTable, ALadderAndWhatIsWrongWithIt) {
  StatusSnapshot status = example();
  status.links[0].calendar.reset();
  status.ladder = some_ladder();
  status.links[0].ladder = CalendarStatus{.peer = "other", .clocks_apart_ms = 90'000};
  status.links[1].ladder = CalendarStatus{.peer = "none"};
  const std::string table = render_table(status);
  EXPECT_THAT(table, testing::HasSubstr(
                         "  ladder: 400 Mb/s (of 50 Mb/s, 400 Mb/s); 25.2 of 48 bits told today, 2 of 4 "
                         "changes; mon coordinates\n"));
  EXPECT_THAT(table, testing::HasSubstr("  mon: THE PEER HAS ANOTHER LADDER\n"));
  EXPECT_THAT(table, testing::HasSubstr("  mon: THE CLOCKS of the two nodes are 90 s APART\n"));
  EXPECT_THAT(table, testing::HasSubstr("  osd1: THE PEER HAS NO LADDER\n"));
  EXPECT_THAT(table, testing::Not(testing::HasSubstr("SPENT")));
  status.ladder->changes_today = 4;
  EXPECT_THAT(render_table(status), testing::HasSubstr("  THE BUDGET IS SPENT until 00:00 UTC\n"));
}

TEST(StatusJson, RelaysComeBackAsTheyWereAndShow) {
  StatusSnapshot status = example();
  status.links[0].relay = RelayStatus{true, 1'001, 1'002, 1'003, 1'004, 1'005, 6, 7, 8};
  status.links[1].relay = RelayStatus{};
  const auto back = status_from_json(to_json(status));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, status);
  const std::string table = render_table(status);
  EXPECT_THAT(table,
              testing::HasSubstr("  relay mon: 1,002 packets to it by relays, 1,004 passed on over it"));
  EXPECT_THAT(table, testing::HasSubstr("LEFT OUT 8 times as a relay\n"));
  EXPECT_THAT(table, testing::HasSubstr("  relay osd1: TAKES NO PART; 0 packets"));
}

TEST(StatusJson, ComesBackAsItWas) {
  const auto back = status_from_json(to_json(example()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, example());
}

// What a link is asked for by who holds hundreds.
TEST(StatusJson, HowLinksAreIsAPartOfIt) {
  const auto back = how_links_are(to_json(example()));
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->links.size(), example().links.size());
  for (size_t i = 0; i < back->links.size(); ++i) {
    const LinkStatus whole = example().links[i];
    const LinkStatus& part = back->links[i];
    EXPECT_EQ(part.name, whole.name);
    EXPECT_EQ(part.state, whole.state);
    EXPECT_EQ(part.open, whole.open);
    EXPECT_EQ(part.session_age_s, whole.session_age_s);
    EXPECT_EQ(part.hiding, whole.hiding);
    EXPECT_EQ(part.release, whole.release);
    EXPECT_EQ(part.lateness.p99_ns, whole.lateness.p99_ns);
    EXPECT_EQ(part.wire_lateness.p99_ns, whole.wire_lateness.p99_ns);
    EXPECT_EQ(part.cells_sent, 0u);
    EXPECT_TRUE(part.drops.empty());
  }
  EXPECT_FALSE(how_links_are("{"));
}

TEST(StatusJson, TheLargestCountersSurvive) {
  StatusSnapshot status = example();
  status.links[0].bytes_sent = UINT64_MAX;
  const auto back = status_from_json(to_json(status));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->links[0].bytes_sent, UINT64_MAX);
}

TEST(StatusJson, TextThatIsNotUtf8IsNoObstacle) {
  StatusSnapshot status = example();
  status.realtime_why_not = "\xff\xfe";
  EXPECT_TRUE(status_from_json(to_json(status)));
}

TEST(StatusJson, UnknownKeysAreIgnoredAndMissingOnesDefault) {
  const auto status = status_from_json(R"({"node":"a","future":1,"links":[{"name":"b","future":{}}]})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->node, "a");
  EXPECT_EQ(status->links.at(0).name, "b");
  EXPECT_EQ(status->links.at(0).lanes, 1u);
}

TEST(StatusJson, AnythingElseIsAnError) {
  for (const char* text :
       {"", "{", "[]", "7", "{}", R"({"node":7})", R"({"node":"a","links":{}})",
        R"({"node":"a","links":[1]})", R"({"node":"a","uptime_s":-1})", R"({"node":"a","uptime_s":1.5})",
        R"({"node":"a","guard":[]})", R"({"node":"a","links":[{"shape":{"cell_bytes":4294967296}}]})",
        R"({"node":"a","links":[{"drops":{"x":"y"}}]})"}) {
    const auto status = status_from_json(text);
    ASSERT_FALSE(status) << text;
    EXPECT_THAT(status.error().message, testing::StartsWith("not a status: "));
  }
}

TEST(StatusTable, SaysItAll) {
  EXPECT_EQ("\n" + render_table(example()), R"(
node osd0: cuttle 0.1.0, up 3 h 12 min, driver native, ipsec-mb
  real time: yes
  cells are released by fq, by the monotonic clock
  unshaped packets stopped: 3 coming in, 0 going out
  datagrams of unknown sources dropped: 14

  link  state       session    endpoint             rate  shape
  mon   up          1 min 3 s  10.77.0.10:4410  200 Mb/s  3 x 1472 B every 180 us
  osd1  connecting  -          [fd00::12]:4410  200 Mb/s  3 x 1472 B every 180 us, 2 lanes, jitter 10 %
  mon: by its calendar 400 Mb/s from Mon 22:00 UTC on; THE PEER'S CALENDAR IS ANOTHER
  mon: THE CLOCKS of the two nodes are 90 s APART
  mon: preshared key renewed 3 h 0 min ago; LOST 2 times by one of the two
  osd1: THE PEER RENEWS NO PRESHARED KEY

  traffic                  cells   dummy  packets     bytes
  mon      sent      192,166,666  99.4 %    1,234  1.49 GiB
           received  192,160,000  50.0 %        5     999 B
  osd1     sent                0       -    1,234  1.49 GiB
           received            0       -        5     999 B

  timing  by                   late p50      p99     p99.9  pauses  missed  sessions  load
  mon     queue, 428 us ahead  12.29 us  21.5 us  70.66 us       5       7        97  hidden, 0.508
  osd1    thread                 400 ns   1.5 us    190 us       2       7        97  -

  dropped  cause                                    count
  mon      cell_replayed                           12,000
  mon      by the interface's queue, sent again 4       7
)");
}

TEST(StatusTable, WithoutRealTimeItSaysWhy) {
  StatusSnapshot status = example();
  status.realtime = false;
  status.realtime_why_not = "SCHED_FIFO not permitted; run with CAP_SYS_NICE";
  EXPECT_THAT(render_table(status),
              testing::HasSubstr("  real time: NO, SCHED_FIFO not permitted; run with CAP_SYS_NICE\n"));
}

TEST(StatusTable, WithoutAnybodyWatchingItSaysWhy) {
  StatusSnapshot status = example();
  EXPECT_THAT(render_table(status), testing::Not(testing::HasSubstr("watched")));
  status.watched = false;
  status.watched_why_not = "the privileged helper is gone";
  EXPECT_THAT(render_table(status),
              testing::HasSubstr("  routes and guard watched: NO, the privileged helper is gone\n"));
  EXPECT_EQ(status_from_json(to_json(status))->watched, false);
  EXPECT_EQ(status_from_json(to_json(status))->watched_why_not, status.watched_why_not);
}

TEST(StatusTable, NoLinksAndNothingDropped) {
  StatusSnapshot status = example();
  status.links[0].drops.clear();
  status.links[0].queue_dropped = 0;
  EXPECT_THAT(render_table(status), testing::HasSubstr("  dropped: nothing\n"));
  status.links.clear();
  EXPECT_THAT(render_table(status), testing::EndsWith("  no links\n"));
}

TEST(Humanise, Bytes) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.00 KiB");
  EXPECT_EQ(human_bytes(10'240), "10.0 KiB");
  EXPECT_EQ(human_bytes(1023 * 1024), "1.00 MiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(Humanise, Counts) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
}

TEST(Humanise, Ages) {
  EXPECT_EQ(human_age(0), "0 s");
  EXPECT_EQ(human_age(61), "1 min 1 s");
  EXPECT_EQ(human_age(3'600), "1 h 0 min");
  EXPECT_EQ(human_age(90'000), "1 d 1 h");
}

TEST(Humanise, Shares) {
  EXPECT_EQ(human_share(1, 3), "33.3 %");
  EXPECT_EQ(human_share(0, 0), "-");
}

}  // namespace
}  // namespace cuttle
