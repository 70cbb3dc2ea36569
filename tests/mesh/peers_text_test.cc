// The peers file beside root's own: one that the agent takes, whatever root wrote meanwhile.
#include <gmock/gmock.h>

#include "looks.hh"
#include "mesh/machine_addresses.hh"
#include "mesh/reconcile.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TestHost first_host_also_at(const char* text) {
  TestHost host = test_host(1);
  host.entry.addresses.push_back(address(text));
  host.say_anew();
  return host;
}

// Its cells would have to go through that link; and the file would be refused as a whole, with every
// revocation in it.
TEST(MeshReconcile, TheEndpointOfRootsOwnPeerIsNobodyElses) {
  Bounds bounds = test_bounds();
  bounds.root_peers = {roots_peer("own", 77, "10.0.0.50:4410", {"10.0.0.51"})};
  const TestHost thief = first_host_also_at("10.0.0.50");
  Known known = reconcile({}, view_of({thief, test_host(2)}), bounds).known;
  EXPECT_THAT(known.pins, SizeIs(1));
  // Nor where root's file came to say so later.
  known = reconcile({}, view_of({thief, test_host(2)}), test_bounds()).known;
  ASSERT_THAT(known.pins, SizeIs(2));
  const NodeConfig config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(2));
  EXPECT_EQ(config.peers[1].name, "osd2");
}

// Each lane has a port, on both ends: where root's end has no more, there are fewer.
TEST(MeshReconcile, AsManyLanesAsThereArePorts) {
  TestHost other = test_host(1);
  other.entry.lanes = 8;
  other.say_anew();
  const Known known = look({}, view_of({other})).known;
  Bounds bounds = test_bounds();
  bounds.own->lanes = 8;
  bounds.listen = Endpoint{address("10.0.0.9"), 65534};
  const NodeConfig config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(1));
  EXPECT_EQ(config.peers[0].lanes, 2u);
}

// Root gave this host an address that another has pinned, in its file.
TEST(MeshReconcile, ThisHostsOwnAddressLeavesTheOthersLinks) {
  const TestHost other = first_host_also_at("10.0.0.19");
  const Known known = look({}, view_of({other, test_host(2)})).known;
  Bounds bounds = test_bounds();
  bounds.own_addresses.push_back(address("10.0.0.19"));
  bounds.sources = bounds.own_addresses;
  NodeConfig config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(2));
  EXPECT_THAT(config.peers[0].redirect, ElementsAre(*IpPrefix::parse("10.0.0.1")));
  EXPECT_THAT(config.closed, IsEmpty());
  // Where it is the other's endpoint, that host has no link.
  bounds.own_addresses.push_back(address("10.0.0.1"));
  bounds.sources = bounds.own_addresses;
  config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(1));
  EXPECT_EQ(config.peers[0].name, "osd2");
}

// Somebody else did: a DHCP server, or a failover. When it goes again, the real one's traffic must not pass
// in the clear.
TEST(MeshReconcile, AnAddressThatSomebodyGaveThisMachineStaysClosed) {
  const TestHost other = first_host_also_at("10.0.0.19");
  const Known known = look({}, view_of({other, test_host(2)})).known;
  Bounds bounds = test_bounds();
  EXPECT_THAT(own_address_problems(known, bounds), IsEmpty());
  bounds.sources = bounds.own_addresses;
  bounds.own_addresses.push_back(address("10.0.0.19"));
  NodeConfig config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(2));
  EXPECT_THAT(config.peers[0].redirect, ElementsAre(*IpPrefix::parse("10.0.0.1")));
  EXPECT_THAT(config.closed, ElementsAre(*IpPrefix::parse("10.0.0.19")));
  auto problems = own_address_problems(known, bounds);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].host, "osd1");
  EXPECT_THAT(problems[0].text, testing::HasSubstr("10.0.0.19"));
  // The other's endpoint: then it has no link, and nothing of it is open.
  bounds.own_addresses.back() = address("10.0.0.1");
  config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(1));
  EXPECT_THAT(config.closed, ElementsAre(*IpPrefix::parse("10.0.0.1"), *IpPrefix::parse("10.0.0.19")));
  EXPECT_THAT(own_address_problems(known, bounds), SizeIs(1));
  // Nor does the next start of the machine open it, when it is gone from here: that link was never up.
  for (const char* own : {"10.0.0.1", "10.0.0.19"}) {
    bounds.own_addresses.back() = address(own);
    Known later = known;
    ASSERT_TRUE(config_of(later).peers[0].joining);
    later = reconcile(later, view_of({other, test_host(2)}), bounds).known;
    later = look(later, view_of({other, test_host(2)})).known;
    EXPECT_FALSE(config_of(later).peers[0].joining);
    EXPECT_TRUE(config_of(later).peers[1].joining);
  }
  // And where it left, or was revoked.
  Known left = known;
  close_pin(left.pins.at("osd1"), Standing::left);
  EXPECT_THAT(config_of(left, bounds).closed, SizeIs(2));
}

// A network of this host's got another end, which a host has pinned: no link has it, and nothing opens it.
TEST(MeshReconcile, AnAddressThatMeansAllHostsOfANetworkStaysClosed) {
  const TestHost other = first_host_also_at("10.0.0.15");
  const Known known = look({}, view_of({other, test_host(2)})).known;
  Bounds bounds = test_bounds();
  bounds.ends_of_networks = {address("10.0.0.0"), address("10.0.0.15")};
  NodeConfig config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(2));
  EXPECT_THAT(config.peers[0].redirect, ElementsAre(*IpPrefix::parse("10.0.0.1")));
  EXPECT_THAT(config.closed, ElementsAre(*IpPrefix::parse("10.0.0.15")));
  auto problems = own_address_problems(known, bounds);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].host, "osd1");
  EXPECT_THAT(problems[0].text, testing::HasSubstr("10.0.0.15 means all hosts of a network"));
  EXPECT_THAT(problems[0].text, testing::HasSubstr("it is in no link, and stays closed"));
  // By a lease, the other's endpoint: it has no link, and that is said.
  bounds.ends_of_networks =
      addresses_of_machine({{.interface = "u0", .address = address("10.0.0.2"), .prefix_length = 30}})
          .ends_of_networks;
  const Known third = look({}, view_of({test_host(3), test_host(5)})).known;
  ASSERT_THAT(config_of(third, bounds).peers, SizeIs(1));
  problems = own_address_problems(third, bounds);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].code + problems[0].host, "CUTTLE_ADDRESS_TAKENosd3");
  EXPECT_THAT(problems[0].text, testing::HasSubstr("there is no link to it"));
  EXPECT_THAT(problems[0].fix, testing::HasSubstr("10.0.0.3"));
  bounds.ends_of_networks = {address("10.0.0.1")};
  config = config_of(known, bounds);
  ASSERT_THAT(config.peers, SizeIs(1));
  EXPECT_THAT(config.closed, ElementsAre(*IpPrefix::parse("10.0.0.1"), *IpPrefix::parse("10.0.0.15")));
  // Nor does one come in with it.
  EXPECT_THAT(codes(reconcile({}, view_of({other}), bounds)), ElementsAre("CUTTLE_ADDRESS_TAKEN osd1"));
}

}  // namespace
}  // namespace cuttle::mesh
