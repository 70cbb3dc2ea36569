// What the doctor makes of an agent's words.
#include <gmock/gmock.h>

#include "doctor/examine.hh"

namespace cuttle::doctor {
namespace {

using testing::HasSubstr;

StatusSnapshot healthy() {
  StatusSnapshot status;
  status.node = "osd0";
  status.realtime = true;
  LinkStatus& link = status.links.emplace_back();
  link.name = "mon";
  link.state = "up";
  link.endpoint = "10.0.0.1:4410";
  link.cell_bytes = 1472;
  link.cells_per_slot = 3;
  link.cells_sent = 3'000'000;
  link.cells_received = 3'000'000;
  link.rate_bps = link.peer_rate_bps = 200'000'000;
  return status;
}

// The one finding that is not good.
Finding complaint(const Findings& findings) {
  Finding found;
  int count = 0;
  for (const Finding& finding : findings) {
    if (finding.mark == Mark::good) continue;
    found = finding;
    ++count;
  }
  EXPECT_EQ(count, 1) << to_string(findings);
  EXPECT_FALSE(found.fix.empty()) << found.what;
  return found;
}

TEST(Doctor, AHealthyAgent) {
  const Findings findings = examine_status(healthy());
  EXPECT_FALSE(any_bad(findings));
  for (const Finding& finding : findings) EXPECT_EQ(finding.mark, Mark::good) << finding.what;
}

TEST(Doctor, TimingThatTellsIsSaid) {
  StatusSnapshot status = healthy();
  status.links[0].hiding = "tells";
  status.links[0].hiding_permille = 812;
  Finding found = complaint(examine_status(status));
  EXPECT_THAT(found.what, HasSubstr("81.2 %"));
  EXPECT_THAT(found.fix, HasSubstr("jitter = 0"));
  status.links[0].jitter_percent = 100;
  EXPECT_THAT(complaint(examine_status(status)).fix, HasSubstr("longer slots"));
  status.links[0].hiding = "hidden";
  EXPECT_FALSE(any_bad(examine_status(status)));
  status.queue_why_not = "cannot make a macvlan on br0";
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("macvlan"));
  status.queue_why_not.clear();
  status.links[0].release = "txtime";
  EXPECT_FALSE(any_bad(examine_status(status)));
  status.links[0].queue_dropped = 3;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("dropped 3 packets"));
  // What was sent again is missing nowhere.
  status.links[0].queue_sent_again = 3;
  EXPECT_FALSE(any_bad(examine_status(status)));
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("3 trains of this node"));
}

TEST(Doctor, EachTroubleHasItsOwnFix) {
  struct Case {
    const char* drop;
    const char* what;
    const char* fix;
  };
  for (const Case& trouble : {Case{"cell_wrong_size", "not of 1472 bytes", "same cell"},
                              {"handshake_not_genuine", "not for this key", "public_key"},
                              {"handshake_stale", "older", "time of day"},
                              {"icmp_error_ignored", "ICMP", "running"},
                              {"nothing", "nothing comes from 10.0.0.1:4410", "firewall"}}) {
    StatusSnapshot status = healthy();
    status.links[0].state = "connecting";
    status.links[0].drops[trouble.drop] = 5;
    const Finding found = complaint(examine_status(status));
    EXPECT_EQ(found.mark, Mark::bad);
    EXPECT_THAT(found.what, HasSubstr(trouble.what));
    EXPECT_THAT(found.fix, HasSubstr(trouble.fix));
  }
}

TEST(Doctor, GuestsBesideTheNode) {
  const auto link = [](uint32_t index, const char* name, const char* kind, uint32_t master = 0) {
    Link made;
    made.index = index;
    made.name = name;
    made.kind = kind;
    made.master = master;
    return made;
  };
  // Containers that the node routes for: a bridge without a port to the network.
  std::vector<Link> links{link(1, "lo", ""), link(2, "eth0", ""), link(3, "docker0", "bridge"),
                          link(4, "veth1", "veth", 3), link(5, "eth0.7", "vlan")};
  for (const Finding& finding : examine_guests(links, {}))
    EXPECT_EQ(finding.mark, Mark::good) << finding.what;
  EXPECT_THAT(complaint(examine_guests(links, {{"eth0", 4}})).what,
              HasSubstr("eth0 gives 4 SR-IOV functions away"));
  links.push_back(link(6, "br0", "bridge"));
  links.push_back(link(7, "tap1", "tun", 6));
  for (const Finding& finding : examine_guests(links, {}))
    EXPECT_EQ(finding.mark, Mark::good) << finding.what;
  links[4].master = 6;
  EXPECT_THAT(complaint(examine_guests(links, {})).what, HasSubstr("the bridge br0 joins eth0.7 with tap1"));
  links.pop_back();
  links.push_back(link(8, "guest", "ipvlan"));
  EXPECT_THAT(complaint(examine_guests(links, {})).what, HasSubstr("guest is an ipvlan"));
}

TEST(Doctor, CalendarsThatDifferAndClocksThatAreApart) {
  StatusSnapshot status = healthy();
  status.links[0].calendar = CalendarStatus{.peer = "same", .clocks_apart_ms = 1900};
  status.links[0].peer_rate_bps = 50'000'000;
  for (const Finding& finding : examine_status(status)) EXPECT_EQ(finding.mark, Mark::good) << finding.what;
  status.links[0].calendar->peer = "other";
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("another calendar"));
  status.links[0].calendar->peer = "same";
  status.links[0].calendar->clocks_apart_ms = 90'000;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("90.0 s apart"));
}

TEST(Doctor, WhatIsWrongWithARelay) {
  StatusSnapshot good = healthy();
  good.links[0].relay = RelayStatus{.peer_takes_part = true, .came_numbered = 1'000'000};
  EXPECT_FALSE(any_bad(examine_status(good)));
  const auto said = [&](auto damage) {
    StatusSnapshot status = good;
    damage(status.links[0]);
    return complaint(examine_status(status)).what;
  };
  EXPECT_THAT(said([](LinkStatus& link) { link.relay->peer_takes_part = false; }),
              HasSubstr("takes no part"));
  EXPECT_THAT(said([](LinkStatus& link) { link.relay->left_out = 2; }), HasSubstr("left out 2 times"));
  EXPECT_THAT(said([](LinkStatus& link) { link.drops["relay_altered"] = 3; }),
              HasSubstr("3 packets that it"));
  EXPECT_THAT(said([](LinkStatus& link) { link.drops["relay_repeated"] = 4; }), HasSubstr("had come before"));
  EXPECT_THAT(said([](LinkStatus& link) { link.drops["relay_not_its_own"] = 5; }),
              HasSubstr("against the rules"));
  EXPECT_THAT(said([](LinkStatus& link) { link.relay->late = 20'000; }),
              HasSubstr("after those behind them"));
}

TEST(Doctor, WhatIsWrongWithALadder) {
  StatusSnapshot good = healthy();
  good.ladder.emplace();
  good.ladder->rates_bps = {50'000'000, 200'000'000};
  good.ladder->changes_per_day = 4;
  for (LinkStatus& link : good.links) link.ladder = CalendarStatus{.peer = "same"};
  good.links[0].rate_bps = 50'000'000;
  good.links[0].peer_rate_bps = 200'000'000;
  for (const Finding& finding : examine_status(good)) EXPECT_EQ(finding.mark, Mark::good) << finding.what;
  const auto complains = [&](uint64_t LadderStatus::*counter, uint64_t value, const char* what) {
    StatusSnapshot status = good;
    (*status.ladder).*counter = value;
    EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr(what));
  };
  complains(&LadderStatus::held_by_budget, 1, "the budget held");
  complains(&LadderStatus::held_unsaid, 11, "nobody said a step");
  complains(&LadderStatus::held_late, 11, "too late");
  complains(&LadderStatus::disagreements, 11, "two steps");
  complains(&LadderStatus::coordinator_changes, 11, "the coordinator changed");
  complains(&LadderStatus::out_of_place, 11, "another epoch");
  complains(&LadderStatus::other_ladder, 1, "another ladder");
  complains(&LadderStatus::messages_dropped, 1, "malformed");
  complains(&LadderStatus::clock_set_back, 1, "set back");
  StatusSnapshot status = good;
  status.ladder->changes_today = 4;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("the budget of the day is spent"));
  status = good;
  status.links[0].ladder->peer = "none";
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("has no ladder"));
  status.links[0].ladder = CalendarStatus{.peer = "same", .clocks_apart_ms = 2500};
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("2.5 s apart"));
}

TEST(Doctor, ALadderThatYieldsAndOneThatWasCut) {
  StatusSnapshot status = healthy();
  status.ladder.emplace();
  status.ladder->rates_bps = {50'000'000, 200'000'000};
  status.ladder->changes_per_day = 4;
  status.ladder->yields = YieldStatus{.ceiling = 1, .lost = "osd1 lost 0.0 % of this node's cells"};
  for (const Finding& finding : examine_status(status)) EXPECT_EQ(finding.mark, Mark::good) << finding.what;
  status.ladder->yields->ceiling = 0;
  status.ladder->yields->lost = "osd1 lost 3.2 % of this node's cells";
  EXPECT_EQ(complaint(examine_status(status)).mark, Mark::unsure);
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("step 1 of 2: osd1 lost 3.2 %"));
  status.ladder->yields->is_cut = true;
  status.ladder->yields->why_cut = "osd1 lost 20.0 % of this node's cells";
  EXPECT_EQ(complaint(examine_status(status)).mark, Mark::bad);
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("osd1 lost 20.0 %"));
}

TEST(Doctor, ShapesThatDifferLossAndMissedSlots) {
  StatusSnapshot status = healthy();
  status.links[0].peer_rate_bps = 100'000'000;
  EXPECT_EQ(complaint(examine_status(status)).mark, Mark::unsure);
  status = healthy();
  status.links[0].drops["cell_lost_on_the_way"] = 30'000;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("0.99 %"));
  status = healthy();
  status.links[0].deadlines_missed = 5000;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("5000 slots"));
  status = healthy();
  status.watched = false;
  status.watched_why_not = "the privileged helper is gone";
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("the privileged helper is gone"));
}

TEST(Doctor, WhoSendsFromWhereNoPeerIs) {
  NodeConfig config;
  PeerConfig& peer = config.peers.emplace_back();
  peer.name = "mon";
  peer.endpoint = *Endpoint::parse("10.0.0.1:4410");
  peer.lanes = 2;
  const auto heard = [](const char* from) { return std::vector{*Endpoint::parse(from)}; };
  EXPECT_TRUE(examine_unknown_sources(config, heard("10.0.0.1:4410")).empty());
  EXPECT_TRUE(examine_unknown_sources(config, heard("10.0.0.1:4411")).empty());
  const Finding rewritten = complaint(examine_unknown_sources(config, heard("10.0.0.1:1024")));
  EXPECT_EQ(rewritten.mark, Mark::bad);
  EXPECT_THAT(rewritten.what, HasSubstr("come from 10.0.0.1:1024, and peer mon is at 10.0.0.1:4410"));
  EXPECT_EQ(complaint(examine_unknown_sources(config, heard("10.0.0.9:4410"))).mark, Mark::unsure);
}

TEST(Doctor, PriorityThatTheShellMayHaveAndTheUnitNot) {
  const std::string why_not = "sched_setscheduler: Operation not permitted";
  const Finding unit = examine_priority(why_not, true, "/system.slice/cuttle@osd0.service");
  EXPECT_THAT(unit.what, HasSubstr("not in its control group /system.slice/cuttle@osd0.service"));
  EXPECT_THAT(unit.fix, HasSubstr("CONFIG_RT_GROUP_SCHED"));
  EXPECT_THAT(examine_priority(why_not, false, "/system.slice/x").what,
              testing::Not(HasSubstr("control group")));
  EXPECT_THAT(examine_priority(why_not, true, "/").what, testing::Not(HasSubstr("control group")));
  EXPECT_THAT(examine_priority("realtime = false in the configuration", true, "/x").what,
              testing::Not(HasSubstr("control group")));
}

TEST(Doctor, DamagedDatagramsAreNotABusyHost) {
  StatusSnapshot status = healthy();
  status.links[0].drops["cell_receive_buffer_full"] = 50'000;
  EXPECT_THAT(complaint(examine_status(status)).fix, HasSubstr("too busy"));
  status.guard.checksum_wrong = 49'000;
  EXPECT_THAT(complaint(examine_status(status)).fix, HasSubstr("segmentation = false"));
}

TEST(Doctor, CellsThatAreLedIntoTheirOwnLinkAndTrafficThatIsLedPastIt) {
  StatusSnapshot status = healthy();
  status.links[0].drops["packet_own_cell"] = 5;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("led into the link itself"));
  status = healthy();
  status.guard.way_trouble = "traffic to 10.0.0.1 leaves by eth0";
  EXPECT_EQ(complaint(examine_status(status)).what, status.guard.way_trouble);
}

TEST(Doctor, WhoCutsTrainsAndWhatAnObserverSees) {
  EXPECT_THAT(train_finding("eth0", TrainCut::card).what, HasSubstr("in the card"));
  EXPECT_THAT(train_finding("eth0", TrainCut::card).what, HasSubstr("at the line's rate"));
  EXPECT_EQ(train_finding("u0", TrainCut::beyond).mark, Mark::good);
  for (const TrainCut telling : {TrainCut::kernel, TrainCut::one_by_one}) {
    const Finding found = complaint({train_finding("eth0", telling)});
    EXPECT_THAT(found.what, HasSubstr("show an observer how busy this CPU is"));
    EXPECT_THAT(found.fix, HasSubstr("ethtool -K eth0"));
  }
}

TEST(Doctor, EveryFindingOfTheHostThatIsNotGoodHasAFix) {
  for (const Finding& finding : examine_host()) {
    EXPECT_FALSE(finding.what.empty());
    EXPECT_TRUE(finding.mark != Mark::bad || !finding.fix.empty()) << finding.what;
  }
}

}  // namespace
}  // namespace cuttle::doctor
