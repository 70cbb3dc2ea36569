#include "mesh/machine_addresses.hh"

#include <gmock/gmock.h>

#include "nodes.hh"

namespace cuttle::mesh {
namespace {

// A routed address on `lo` is this machine's as any other: a peer that claims it would be this machine
// itself.
TEST(MeshMachineAddresses, AreAllThatNoOtherMachineHas) {
  const std::vector<LocalAddress> local{
      {address("127.0.0.1"), 8, "lo"},  {address("::1"), 128, "lo"},
      {address("10.0.0.99"), 32, "lo"}, {address("10.0.0.9"), 24, "eth0"},
      {address("fe80::1"), 64, "eth0"}, {address("127.0.0.53"), 32, "eth1"}};
  EXPECT_THAT(addresses_of_machine(local), testing::ElementsAre(address("10.0.0.99"), address("10.0.0.9"),
                                                                address("10.0.0.0"), address("10.0.0.255")));
}

// A socket may not connect to them: an agent with such a peer would take no configuration any more.
TEST(MeshMachineAddresses, HaveThoseThatMeanAllHostsOfANetwork) {
  const auto of = [](const char* text, uint8_t length) {
    return addresses_of_machine({{address(text), length, "eth0"}});
  };
  EXPECT_THAT(of("10.1.2.200", 26),
              testing::ElementsAre(address("10.1.2.200"), address("10.1.2.192"), address("10.1.2.255")));
  EXPECT_THAT(of("10.1.2.3", 9),
              testing::ElementsAre(address("10.1.2.3"), address("10.0.0.0"), address("10.127.255.255")));
  EXPECT_THAT(of("10.1.2.2", 31), testing::ElementsAre(address("10.1.2.2"))) << "two hosts, and no more";
  EXPECT_THAT(of("fd00::1", 64), testing::ElementsAre(address("fd00::1")));
}

}  // namespace
}  // namespace cuttle::mesh
