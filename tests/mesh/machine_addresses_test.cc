#include "mesh/machine_addresses.hh"

#include <gmock/gmock.h>

#include "nodes.hh"

namespace cuttle::mesh {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A routed address on `lo` is this machine's as any other: a peer that claims it would be this machine
// itself.
TEST(MeshMachineAddresses, AreAllThatNoOtherMachineHas) {
  const std::vector<LocalAddress> local{
      {address("127.0.0.1"), 8, "lo"},  {address("::1"), 128, "lo"},
      {address("10.0.0.99"), 32, "lo"}, {address("10.0.0.9"), 24, "eth0"},
      {address("fe80::1"), 64, "eth0"}, {address("127.0.0.53"), 32, "eth1"}};
  const MachineAddresses addresses = addresses_of_machine(local);
  EXPECT_THAT(addresses.own, ElementsAre(address("10.0.0.99"), address("10.0.0.9")));
  EXPECT_THAT(addresses.ends_of_networks, ElementsAre(address("10.0.0.0"), address("10.0.0.255")));
}

// A socket may not connect to them: an agent with such a peer would take no configuration any more.
TEST(MeshMachineAddresses, HaveThoseThatMeanAllHostsOfANetwork) {
  const auto of = [](const char* text, uint8_t length) {
    return addresses_of_machine({{address(text), length, "eth0"}}).ends_of_networks;
  };
  EXPECT_THAT(of("10.1.2.200", 26), ElementsAre(address("10.1.2.192"), address("10.1.2.255")));
  EXPECT_THAT(of("10.1.2.3", 9), ElementsAre(address("10.0.0.0"), address("10.127.255.255")));
  EXPECT_THAT(of("10.1.2.2", 31), IsEmpty()) << "two hosts, and no more";
  EXPECT_THAT(of("fd00::1", 64), IsEmpty());
}

}  // namespace
}  // namespace cuttle::mesh
