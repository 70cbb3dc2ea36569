#include "wire/flow_hash.hh"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace cuttle::wire {
namespace {

std::vector<uint8_t> v4(uint8_t protocol, uint8_t source, uint16_t port, uint16_t fragment = 0) {
  std::vector<uint8_t> packet(64, 0);
  packet[0] = 0x45;
  store_be16(packet.data() + 6, fragment);
  packet[9] = protocol;
  packet[15] = source;
  store_be16(packet.data() + 20, port);
  return packet;
}

std::vector<uint8_t> v6(uint8_t protocol, uint8_t source, uint16_t port) {
  std::vector<uint8_t> packet(64, 0);
  packet[0] = 0x60;
  packet[6] = protocol;
  packet[23] = source;
  store_be16(packet.data() + 40, port);
  return packet;
}

TEST(FlowHash, FlowsDifferInAnAddressAPortOrTheProtocol) {
  std::set<uint64_t> seen;
  for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
    for (const uint8_t source : {uint8_t{1}, uint8_t{2}}) {
      for (const uint16_t port : {uint16_t{1}, uint16_t{256}}) {
        seen.insert(flow_hash(v4(protocol, source, port), 1));
        seen.insert(flow_hash(v6(protocol, source, port), 1));
      }
    }
  }
  EXPECT_EQ(seen.size(), 16u);
}

TEST(FlowHash, WhatElseIsInAPacketDoesNotMatter) {
  auto one = v4(6, 1, 1);
  auto other = one;
  other[2] = 9;    // length
  other[30] = 77;  // sequence number
  EXPECT_EQ(flow_hash(one, 1), flow_hash(other, 1));
}

TEST(FlowHash, FragmentsAreOneFlowWhateverFollowsTheirHeader) {
  EXPECT_EQ(flow_hash(v4(17, 1, 1, 0x2000), 1), flow_hash(v4(17, 1, 2, 0x0001), 1));
  EXPECT_EQ(flow_hash(v4(1, 1, 1), 1), flow_hash(v4(1, 1, 2), 1)) << "ICMP has no ports";
}

TEST(FlowHash, TheSeedMatters) {
  EXPECT_NE(flow_hash(v4(6, 1, 1), 1), flow_hash(v4(6, 1, 1), 2));
}

TEST(FlowHash, ReadsNoFurtherThanThePacket) {
  for (size_t bytes = 0; bytes < 64; ++bytes) {
    // Of its own memory, so that a sanitizer sees every byte too many.
    auto first = v4(6, 1, 1);
    auto second = v6(6, 1, 1);
    const std::vector<uint8_t> shorter_v4(first.begin(), first.begin() + static_cast<long>(bytes));
    const std::vector<uint8_t> shorter_v6(second.begin(), second.begin() + static_cast<long>(bytes));
    (void)flow_hash(shorter_v4, 1);
    (void)flow_hash(shorter_v6, 1);
  }
}

}  // namespace
}  // namespace cuttle::wire
