// What the doctor makes of a firewall's rules: of each kind that people have, one that lets cells pass and
// one that does not.
#include "doctor/firewall.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cuttle::doctor {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uint32_t kMark = 0x10c0;

PeerCells peer(bool v6, uint32_t mark = kMark) {
  const Endpoint own = *Endpoint::parse(v6 ? "[fd00::1]:4410" : "10.0.0.1:4410");
  const Endpoint other = *Endpoint::parse(v6 ? "[fd00::2]:4500" : "10.0.0.2:4500");
  return {"b", {other, own, "eth0", true, 0, true}, {own, other, "eth0", false, mark, false}};
}

Finding judged(std::string_view nftables, bool v6 = false, uint32_t mark = kMark) {
  const Findings findings = examine_firewall(read_nftables(nftables), {peer(v6, mark)});
  EXPECT_EQ(findings.size(), 1u) << to_string(findings);
  return findings.at(0);
}

std::string input_chain(const std::string& rules, const char* policy = "drop") {
  return std::string(
             "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy ") +
         policy + ";\n" + rules + "\t}\n}\n";
}

TEST(Firewall, WithoutRulesAllPasses) {
  EXPECT_EQ(judged("").mark, Mark::good);
  EXPECT_EQ(judged(input_chain("", "accept")).mark, Mark::good);
}

TEST(Firewall, WhatNoRuleNamesIsDroppedByThePolicy) {
  const Finding found =
      judged(input_chain("\t\ttcp dport 22 accept\n\t\tct state established,related accept\n"));
  EXPECT_EQ(found.mark, Mark::bad);
  EXPECT_THAT(found.what, AllOf(HasSubstr("from b"), HasSubstr("chain input of table inet filter")));
  EXPECT_THAT(found.fix, HasSubstr("nft insert rule inet filter input udp dport 4410 accept"));
}

TEST(Firewall, RulesThatLetCellsIn) {
  for (const char* rule :
       {"udp dport 4410 accept", "udp dport { 53, 4400-4420 } accept",
        "udp dport 4000-5000 counter packets 1 bytes 2 accept", "iifname \"eth*\" accept",
        "ip saddr 10.0.0.0/24 udp dport 4410 accept", "ip saddr { 10.0.0.2, 10.0.0.3 } accept",
        "meta l4proto udp th dport 4410 accept comment \"cells\"", "ct state { established, new } accept",
        "ct state vmap { established : accept, invalid : drop, new : accept }",
        "tcp dport 22 drop\n\t\tudp dport 4410 accept",
        "iifname vmap { \"lo\" : accept, \"eth0\" : jump eth }\n\t}\n\tchain eth {\n\t\tudp dport 4410 "
        "accept",
        "udp dport @mine accept\n\t}\n\tset mine {\n\t\ttype inet_service\n\t\telements = { 53, "
        "4410,\n\t\t\t     4411 }"}) {
    EXPECT_EQ(judged(input_chain(std::string("\t\t") + rule + "\n")).mark, Mark::good) << rule;
  }
}

TEST(Firewall, RulesThatOnlyLookAsIfTheyLetCellsIn) {
  for (const char* rule :
       {"udp dport 44100 accept", "tcp dport 4410 accept", "udp sport 4410 accept",
        "ip saddr 10.1.0.0/24 udp dport 4410 accept", "iifname \"eth1\" udp dport 4410 accept",
        "udp dport != 4410 accept", "ip6 saddr fd00::/64 accept", "ct state established accept",
        "udp dport @mine accept\n\t}\n\tset mine {\n\t\ttype inet_service\n\t\telements = { 44100 }",
        "jump none\n\t}\n\tchain none {\n\t\ttcp dport 4410 accept\n\t\treturn\n\t\tudp dport 4410 accept"}) {
    EXPECT_EQ(judged(input_chain(std::string("\t\t") + rule + "\n")).mark, Mark::bad) << rule;
  }
}

TEST(Firewall, WhatIsNotUnderstoodMayBeEither) {
  EXPECT_EQ(judged(input_chain("\t\tosf name \"Linux\" accept\n")).mark, Mark::unsure);
  EXPECT_EQ(judged(input_chain("\t\tlimit rate over 100/second drop\n", "accept")).mark, Mark::unsure);
  // And what follows for certain is certain again.
  EXPECT_EQ(judged(input_chain("\t\tosf name \"Linux\" return\n\t\tudp dport 4410 drop\n", "accept")).mark,
            Mark::unsure);
  EXPECT_EQ(judged(input_chain("\t\tosf name \"Linux\" counter\n\t\tudp dport 4410 drop\n", "accept")).mark,
            Mark::bad);
}

TEST(Firewall, FirewalldRejectsAtTheEndOfAnAcceptingChain) {
  const std::string zone =
      "table inet firewalld { # progname firewalld\n\tflags owner,persist\n"
      "\tchain filter_INPUT {\n\t\ttype filter hook input priority filter + 10; policy accept;\n"
      "\t\tct state { established, related } accept\n\t\tct status dnat accept\n\t\tiifname \"lo\" accept\n"
      "\t\tct state invalid drop\n\t\tjump filter_INPUT_ZONES\n\t\treject with icmpx admin-prohibited\n\t}\n"
      "\tchain filter_INPUT_ZONES {\n\t\tiifname \"eth0\" goto filter_IN_public\n\t\tgoto "
      "filter_IN_public\n\t}\n"
      "\tchain filter_IN_public {\n\t\tjump filter_IN_public_allow\n\t\tmeta l4proto { icmp, ipv6-icmp } "
      "accept\n\t}\n"
      "\tchain filter_IN_public_allow {\n\t\ttcp dport 22 accept\nPORT\t}\n}\n";
  std::string closed = zone;
  closed.replace(closed.find("PORT"), 4, "");
  const Finding found = judged(closed);
  EXPECT_EQ(found.mark, Mark::bad);
  EXPECT_THAT(found.what, HasSubstr("reject with icmpx admin-prohibited"));
  EXPECT_THAT(found.fix, HasSubstr("firewall-cmd --permanent --add-port=4410/udp"));
  std::string open = zone;
  open.replace(open.find("PORT"), 4, "\t\tudp dport 4410 accept\n");
  EXPECT_EQ(judged(open).mark, Mark::good);
}

TEST(Firewall, StrictReversePathWithoutTheMarkOfTheCells) {
  const std::string rule =
      "table inet firewalld {\n\tchain filter_PREROUTING {\n\t\ttype filter hook prerouting priority filter "
      "+ 10; policy accept;\n"
      "\t\ticmpv6 type { nd-neighbor-advert, nd-neighbor-solicit } accept\n"
      "\t\tmeta nfproto ipv6 fib saddr . mark . iif oif missing drop\n\t}\n}\n";
  const Finding found = judged(rule, true);
  EXPECT_EQ(found.mark, Mark::bad);
  EXPECT_THAT(found.what, HasSubstr("fib saddr . mark . iif oif missing drop"));
  EXPECT_THAT(found.fix, HasSubstr("IPv6_rpfilter=loose"));
  EXPECT_EQ(judged(rule, false).mark, Mark::good);  // of IPv6 alone
  std::string both = rule;
  both.replace(both.find("meta nfproto ipv6 "), 18, "");
  EXPECT_EQ(judged(both, false).mark, Mark::bad);
  std::string loose = both;
  loose.replace(loose.find(" . iif"), 6, "");
  EXPECT_EQ(judged(loose, true).mark, Mark::good);
}

TEST(Firewall, KubernetesMasqueradesAndDropsByBitsOfTheMark) {
  const std::string kubernetes =
      "table ip nat {\n\tchain KUBE-POSTROUTING {\n\t\tmeta mark & 0x00004000 != 0x00004000 counter packets "
      "5 bytes 6 return\n"
      "\t\tmeta mark set meta mark xor 0x4000\n\t\tcounter packets 0 bytes 0 masquerade fully-random\n\t}\n"
      "\tchain POSTROUTING {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t\tcounter "
      "jump KUBE-POSTROUTING\n\t}\n}\n"
      "table ip filter {\n\tchain KUBE-FIREWALL {\n\t\tmeta mark and 0x8000 == 0x8000 counter packets 0 "
      "bytes 0 drop\n\t}\n"
      "\tchain OUTPUT {\n\t\ttype filter hook output priority filter; policy accept;\n\t\tjump "
      "KUBE-FIREWALL\n\t}\n}\n";
  EXPECT_EQ(judged(kubernetes).mark, Mark::good);
  const Finding dropped = judged(kubernetes, false, 0xc077);
  EXPECT_EQ(dropped.mark, Mark::bad);
  EXPECT_THAT(dropped.what, AllOf(HasSubstr("to b"), HasSubstr("and 0x8000 == 0x8000"), HasSubstr("0xc077")));
  EXPECT_THAT(dropped.fix, HasSubstr("firewall_mark"));
  const Finding rewritten = judged(kubernetes, false, 0x4070);
  EXPECT_EQ(rewritten.mark, Mark::bad);
  EXPECT_THAT(rewritten.what, AllOf(HasSubstr("change"), HasSubstr("xor 0x4000")));
}

TEST(Firewall, AMarkThatIsRestoredFromTheConnection) {
  const auto output = [](const std::string& rule) {
    return "table ip mangle {\n\tchain OUTPUT {\n\t\ttype route hook output priority mangle; policy "
           "accept;\n\t\t" +
           rule + "\n\t}\n}\n";
  };
  const Finding found = judged(output("meta mark set ct mark"));
  EXPECT_EQ(found.mark, Mark::bad);
  EXPECT_THAT(found.what,
              AllOf(HasSubstr("changes the mark of the cells to b"), HasSubstr("into their own link")));
  EXPECT_THAT(found.fix, HasSubstr("0x10c0"));
  EXPECT_EQ(judged(output("udp dport 4500 meta mark set 0x1")).mark, Mark::bad);
  EXPECT_EQ(judged(output("ct mark & 0xff0000 != 0x0 meta mark set ct mark")).mark, Mark::unsure);
  EXPECT_EQ(judged(output("tcp dport 80 meta mark set 0x1")).mark, Mark::good);
  EXPECT_EQ(judged(output("meta mark != 0x0 accept\n\t\tmeta mark set ct mark")).mark, Mark::good);
}

TEST(Firewall, TheGuardIsNotAskedAgain) {
  EXPECT_EQ(judged("table inet cuttle {\n\tchain entry {\n\t\ttype filter hook prerouting priority raw; "
                   "policy drop;\n\t}\n}\n")
                .mark,
            Mark::good);
}

Finding judged_old(std::string_view text, bool v6 = false) {
  Ruleset rules;
  read_iptables(rules, text, v6 ? "ip6" : "ip");
  const Findings findings = examine_firewall(rules, {peer(v6)});
  EXPECT_EQ(findings.size(), 1u) << to_string(findings);
  return findings.at(0);
}

TEST(Firewall, UfwsJumpsInTheOldTables) {
  const std::string ufw =
      "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:ufw-before-input - "
      "[0:0]\n:ufw-user-input - [0:0]\n"
      "-A INPUT -j ufw-before-input\n-A INPUT -j ufw-user-input\n"
      "-A ufw-before-input -i lo -j ACCEPT\n-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED "
      "-j ACCEPT\n"
      "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\n";
  const Finding found = judged_old(ufw + "COMMIT\n");
  EXPECT_EQ(found.mark, Mark::bad);
  EXPECT_THAT(found.fix, HasSubstr("ufw allow 4410/udp"));
  EXPECT_EQ(judged_old(ufw + "-A ufw-user-input -p udp -m udp --dport 4410 -j ACCEPT\nCOMMIT\n").mark,
            Mark::good);
  EXPECT_EQ(
      judged_old(ufw + "-A ufw-user-input -p udp -m multiport --dports 53,4400:4420 -j ACCEPT\nCOMMIT\n")
          .mark,
      Mark::good);
  EXPECT_EQ(judged_old(ufw + "-A ufw-user-input -p udp -m udp --dport 44100 -j ACCEPT\nCOMMIT\n").mark,
            Mark::bad);
  EXPECT_EQ(judged_old(ufw + "-A ufw-user-input ! -s 10.0.0.0/8 -p udp -j ACCEPT\nCOMMIT\n").mark, Mark::bad);
}

TEST(Firewall, ReversePathAndMarksInTheOldTables) {
  const std::string strict =
      "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter --validmark --invert -j DROP\nCOMMIT\n";
  EXPECT_THAT(judged_old(strict, true).what, HasSubstr("rpfilter"));
  EXPECT_EQ(
      judged_old(
          "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter --loose --invert -j DROP\nCOMMIT\n")
          .mark,
      Mark::good);
  const std::string marks = "*mangle\n:OUTPUT ACCEPT [0:0]\n";
  EXPECT_EQ(
      judged_old(marks + "-A OUTPUT -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff\nCOMMIT\n").mark,
      Mark::bad);
  EXPECT_EQ(judged_old(marks + "-A OUTPUT -m mark --mark 0x1000/0x1000 -j DROP\nCOMMIT\n").mark, Mark::bad);
  EXPECT_EQ(judged_old(marks + "-A OUTPUT -m mark --mark 0x4000/0x4000 -j DROP\nCOMMIT\n").mark, Mark::good);
  EXPECT_EQ(judged_old(marks + "-A OUTPUT -p udp -j MARK --set-xmark 0x5/0xffffffff\nCOMMIT\n").mark,
            Mark::bad);
}

}  // namespace
}  // namespace cuttle::doctor
