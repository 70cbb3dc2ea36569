// What the guard's notes say to a person.
#include "doctor/drops.hh"

#include <gmock/gmock.h>

namespace cuttle::doctor {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

NodeConfig node_with_a_peer() {
  NodeConfig config;
  config.addresses = {address("10.0.0.1"), address("fd00::1")};
  PeerConfig peer;
  peer.name = "osd1";
  peer.redirect = {IpPrefix::parse("10.0.0.2").value(), IpPrefix::parse("fd00::2").value()};
  config.peers = {peer};
  return config;
}

const std::vector<LocalAddress> kOwn{{address("10.0.0.1"), 24, "eth0"}, {address("10.0.0.100"), 32, "eth0"}};

Finding explained(const char* source, const char* destination) {
  const Findings findings =
      explain_drops(node_with_a_peer(), {{address(source), address(destination)}}, kOwn);
  EXPECT_EQ(findings.size(), 1u) << source << " " << destination;
  return findings.empty() ? Finding{} : findings[0];
}

TEST(Drops, AGroupIsNamedAndSoIsTheKeyThatLetsItIn) {
  const Finding vrrp = explained("10.0.0.2", "224.0.0.18");
  EXPECT_THAT(vrrp.what,
              HasSubstr("peer osd1: what 10.0.0.2 says to the group 224.0.0.18 (VRRP) is dropped"));
  EXPECT_THAT(vrrp.fix, HasSubstr("multicast = [\"224.0.0.18\"]"));
  EXPECT_THAT(explained("fd00::2", "ff02::5").what, HasSubstr("ff02::5 (OSPF)"));
  EXPECT_THAT(explained("10.0.0.2", "239.1.2.3").what, HasSubstr("the group 239.1.2.3 is dropped"));
}

TEST(Drops, ABroadcast) {
  EXPECT_THAT(explained("10.0.0.2", "10.0.0.255").what, HasSubstr("broadcasts to 10.0.0.255"));
  EXPECT_THAT(explained("10.0.0.2", "255.255.255.255").what, HasSubstr("broadcasts to 255.255.255.255"));
}

TEST(Drops, AnAddressThatThePeerDoesNotRedirect) {
  EXPECT_THAT(explained("10.0.0.2", "10.0.0.100").what,
              HasSubstr("10.0.0.100, which this host has but `addresses` does not"));
  EXPECT_THAT(explained("10.0.0.2", "10.0.0.101").what,
              HasSubstr("10.0.0.101, which this host does not have now,"));
  EXPECT_THAT(explained("10.0.0.2", "10.0.0.1").what, HasSubstr("10.0.0.2 sends to 10.0.0.1 is dropped"));
  EXPECT_THAT(explained("10.0.0.2", "10.0.0.100").fix,
              HasSubstr("put 10.0.0.100 into `redirect` of this node at osd1"));
}

TEST(Drops, WhatWouldLeaveBesideTheLink) {
  EXPECT_THAT(explained("10.0.0.100", "10.0.0.2").what,
              HasSubstr("peer osd1: what this host would send from 10.0.0.100 to 10.0.0.2 beside the link"));
}

TEST(Drops, MembershipReportsAndStrangersAreNobodysTrouble) {
  EXPECT_THAT(explain_drops(node_with_a_peer(), {{address("10.0.0.2"), address("224.0.0.22")}}, kOwn),
              IsEmpty());
  EXPECT_THAT(explain_drops(node_with_a_peer(), {{address("10.9.9.9"), address("10.0.0.1")}}, kOwn),
              IsEmpty());
}

TEST(Drops, ForeignAddressesOutOfALink) {
  StatusSnapshot status;
  LinkStatus link;
  link.name = "osd1";
  link.drops = {{"packet_foreign_source", 0}, {"packet_foreign_destination", 7}};
  status.links = {link};
  const Findings findings = explain_foreign(status);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].what,
              HasSubstr("link osd1: 7 packets came for an address that `accept` does not name"));
}

}  // namespace
}  // namespace cuttle::doctor
