// Whether the CPUs suffice, by costs that are given.
#include "doctor/capacity.hh"

#include <gmock/gmock.h>

namespace cuttle::doctor {
namespace {

using testing::HasSubstr;

NodeConfig node_with(int links, uint64_t rate_bps, Duration slot) {
  NodeConfig node;
  for (int i = 0; i < links; ++i) {
    PeerConfig peer;
    peer.shape.rate_bps = rate_bps;
    peer.shape.slot = slot;
    peer.shape.cell_bytes = 1472;
    node.peers.push_back(peer);
  }
  return node;
}

capacity::HostCosts costs_of(uint32_t cpus) {
  capacity::HostCosts costs;
  costs.wake_up = microseconds(10);
  costs.cpus = cpus;
  return costs;
}

TEST(Capacity, AFewLinksAreFine) {
  const Finding finding = capacity_finding(node_with(2, 200'000'000, milliseconds(1)), costs_of(4));
  EXPECT_EQ(finding.mark, Mark::good) << finding.what;
  EXPECT_THAT(finding.what, HasSubstr("of this machine's 4 CPUs"));
}

TEST(Capacity, TooMuchCover) {
  for (const NodeConfig& node : {node_with(60, 200'000'000, milliseconds(1)),       // too many links
                                 node_with(1, 1'000'000'000, microseconds(20))}) {  // too short slots
    const Finding finding = capacity_finding(node, costs_of(2));
    EXPECT_EQ(finding.mark, Mark::bad) << finding.what;
    EXPECT_THAT(finding.fix, HasSubstr("longer slots"));
  }
}

TEST(Capacity, RoomForLessDataThanAskedFor) {
  capacity::HostCosts costs = costs_of(1);
  costs.cell = microseconds(3);  // 25,000 cells a second on each link
  const Finding finding = capacity_finding(node_with(5, 300'000'000, milliseconds(5)), costs);
  EXPECT_EQ(finding.mark, Mark::unsure) << finding.what;
  EXPECT_EQ(capacity_finding(node_with(2, 300'000'000, milliseconds(5)), costs).mark, Mark::good);
}

}  // namespace
}  // namespace cuttle::doctor
