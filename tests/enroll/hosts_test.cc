// From what monitors answer to hosts and addresses.
#include "enroll/hosts.hh"

#include <gmock/gmock.h>

#include "maps.hh"

namespace cuttle::enroll {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> texts(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> result;
  for (const IpAddress& address : addresses) result.push_back(address.to_string());
  return result;
}

TEST(Addresses, InEveryWritingOfCeph) {
  EXPECT_THAT(texts(addresses_in("10.77.0.10:6789/0")), ElementsAre("10.77.0.10"));
  EXPECT_THAT(texts(addresses_in("[v2:10.77.0.10:3300/0,v1:10.77.0.10:6789/0]")),
              ElementsAre("10.77.0.10", "10.77.0.10"));
  EXPECT_THAT(texts(addresses_in("[v2:[fd00::1]:3300/0,v1:[fd00::1]:6789/0]")),
              ElementsAre("fd00::1", "fd00::1"));
  EXPECT_THAT(texts(addresses_in("[fd00::1]:6789/0")), ElementsAre("fd00::1"));
  EXPECT_THAT(texts(addresses_in("v2:10.0.0.1:3300/0")), ElementsAre("10.0.0.1"));
  for (const char* none :
       {"", ":/0", "-", "0.0.0.0:0/0", "[v2:0.0.0.0:0/0,v1:0.0.0.0:0/0]", "[v2:[::]:0/0]"}) {
    EXPECT_THAT(addresses_in(none), IsEmpty()) << none;
  }
}

TEST(Hosts, DaemonsAreGatheredByHost) {
  const auto hosts = hosts_of(three_hosts());
  ASSERT_TRUE(hosts) << hosts.error().message;
  EXPECT_THAT(hosts->notes, IsEmpty());
  ASSERT_EQ(hosts->list.size(), 3u);
  EXPECT_EQ(hosts->list[0].name, "alpha");
  EXPECT_THAT(hosts->list[0].daemons, ElementsAre("mgr.x", "mon.a"));
  EXPECT_EQ(hosts->list[1].name, "beta");
  EXPECT_THAT(hosts->list[1].daemons, ElementsAre("mds.fs", "osd.0", "osd.1"));
  EXPECT_THAT(texts(hosts->list[1].addresses), ElementsAre("10.0.0.2", "10.1.0.2"));
  EXPECT_THAT(hosts->list[2].daemons, ElementsAre("osd.2"));
}

TEST(Hosts, WhatHasNoHostIsANote) {
  CephMaps maps = three_hosts();
  maps.osd_dump = R"({"osds":[{"osd":0},{"osd":1},{"osd":2},{"osd":7}]})";
  const auto hosts = hosts_of(maps);
  ASSERT_TRUE(hosts);
  EXPECT_THAT(hosts->notes, ElementsAre(HasSubstr("osd.7 is in the map but has not said where it runs")));
}

// A daemon may call itself anything: its name stays in the comment that it is written into.
TEST(Hosts, ADaemonsNameIsOneLineOfPlainText) {
  CephMaps maps = three_hosts();
  maps.mds_metadata =
      "[{\"name\":\"a\\nredirect = [\\\"10.77.0.200\\\"]\\r\\u001b[2J\\u00e9\",\"hostname\":\"beta\","
      "\"addr\":\"[v2:10.0.0.2:6808/7]\"}]";
  const auto hosts = hosts_of(maps);
  ASSERT_TRUE(hosts) << hosts.error().message;
  EXPECT_EQ(hosts->list[1].daemons[0], "mds.a?redirect = [\"10.77.0.200\"]??[2J??");
}

TEST(Hosts, WhatIsNoHostsNameIsRefused) {
  for (const char* name : {"beta\\n[node]", "be ta", "b\\u00e9ta", "beta\\u0000", "../beta", "beta\\\"]"}) {
    CephMaps maps = three_hosts();
    maps.mds_metadata =
        std::string(R"([{"name":"fs","hostname":")") + name + R"(","addr":"[v2:10.0.0.2:6808/7]"}])";
    const auto hosts = hosts_of(maps);
    ASSERT_FALSE(hosts) << name;
    EXPECT_THAT(hosts.error().message, HasSubstr("mds.fs calls its host")) << name;
    EXPECT_THAT(hosts.error().message, Not(HasSubstr("\n"))) << name;
  }
}

TEST(Hosts, TwoHostsWithOneAddressAreRefused) {
  CephMaps maps = three_hosts();
  maps.mon_metadata = R"([{"name":"a","hostname":"alpha","addrs":"[v2:10.0.0.2:3300/0]"}])";
  const auto hosts = hosts_of(maps);
  ASSERT_FALSE(hosts);
  EXPECT_THAT(hosts.error().message, HasSubstr("hosts alpha and beta both have the address 10.0.0.2"));
}

TEST(Hosts, OneShortNameInTwoDomainsIsRefused) {
  CephMaps maps = three_hosts();
  maps.mon_metadata = R"([{"name":"a","hostname":"alpha.north.example","addrs":"[v2:10.0.0.1:3300/0]"}])";
  maps.mgr_metadata = R"([{"name":"x","hostname":"Alpha.south.example","addrs":"[v2:10.0.0.7:6800/0]"}])";
  const auto hosts = hosts_of(maps);
  ASSERT_FALSE(hosts);
  EXPECT_THAT(
      hosts.error().message,
      HasSubstr("hosts alpha.north.example (mon.a) and alpha.south.example (mgr.x) have one short name"));
}

TEST(Hosts, AShortAndAFullNameAreOneHost) {
  CephMaps maps = three_hosts();
  maps.mon_metadata = R"([{"name":"a","hostname":"Alpha.north.example","addrs":"[v2:10.0.0.1:3300/0]"}])";
  maps.mgr_metadata = R"([{"name":"x","hostname":"alpha","addrs":"[v2:10.0.0.1:6800/0]"},
                          {"name":"y","hostname":"alpha.NORTH.example","addrs":"[v2:10.0.0.1:6801/0]"}])";
  const auto hosts = hosts_of(maps);
  ASSERT_TRUE(hosts) << hosts.error().message;
  ASSERT_EQ(hosts->list.size(), 3u);
  EXPECT_THAT(hosts->list[0].daemons, ElementsAre("mgr.x", "mgr.y", "mon.a"));
}

TEST(Hosts, AnotherFormIsRefused) {
  CephMaps maps = three_hosts();
  maps.osd_metadata = "no JSON";
  EXPECT_FALSE(hosts_of(maps));
  maps = three_hosts();
  maps.mon_dump = "{}";
  EXPECT_FALSE(hosts_of(maps));
}

TEST(Hosts, AHostGivenByHand) {
  auto hosts = hosts_of(three_hosts());
  ASSERT_TRUE(hosts);
  EXPECT_TRUE(add_host(*hosts, "client", *IpAddress::parse("10.0.0.9")));
  EXPECT_EQ(hosts->list.size(), 4u);
  EXPECT_TRUE(add_host(*hosts, "client", *IpAddress::parse("10.1.0.9")));
  EXPECT_EQ(hosts->list.back().addresses.size(), 2u);
  EXPECT_FALSE(add_host(*hosts, "other", *IpAddress::parse("10.0.0.2")));
}

}  // namespace
}  // namespace cuttle::enroll
