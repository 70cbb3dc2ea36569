// What the doctor makes of an agent's words and of a firewall's rules.
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
  EXPECT_EQ(count, 1) << to_text(findings);
  EXPECT_FALSE(found.fix.empty()) << found.what;
  return found;
}

TEST(Doctor, AHealthyAgent) {
  const Findings findings = examine_status(healthy());
  EXPECT_FALSE(any_bad(findings));
  for (const Finding& finding : findings) EXPECT_EQ(finding.mark, Mark::good) << finding.what;
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
  status.realtime = false;
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("real-time"));
  status = healthy();
  status.watched = false;
  status.watched_why_not = "the privileged helper is gone";
  EXPECT_THAT(complaint(examine_status(status)).what, HasSubstr("the privileged helper is gone"));
}

TEST(Doctor, AFirewallThatDropsByDefault) {
  constexpr char kClosed[] =
      "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n"
      "\t\ttcp dport 22 accept\n\t}\n}\n";
  const Finding found = complaint(examine_firewall(kClosed, 4410));
  EXPECT_THAT(found.what, HasSubstr("chain input"));
  EXPECT_THAT(found.fix, HasSubstr("udp dport 4410 accept"));
  std::string open(kClosed);
  open.insert(open.find("tcp dport"), "udp dport 4410 accept\n\t\t");
  EXPECT_FALSE(any_bad(examine_firewall(open, 4410)));
  EXPECT_EQ(examine_firewall(open, 4410)[0].mark, Mark::good);
  EXPECT_EQ(examine_firewall("", 4410)[0].mark, Mark::good);
}

TEST(Doctor, EveryFindingOfTheHostThatIsNotGoodHasAFix) {
  for (const Finding& finding : examine_host()) {
    EXPECT_FALSE(finding.what.empty());
    EXPECT_TRUE(finding.mark != Mark::bad || !finding.fix.empty()) << finding.what;
  }
}

}  // namespace
}  // namespace cuttle::doctor
