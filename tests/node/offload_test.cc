// What the kernel is told of a packet from a peer, who may have written anything into its headers: never a
// segment size, header length or checksum place that does not lie inside the packet.
#include "node/offload.hh"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hh"

namespace cuttle {
namespace {

std::vector<uint8_t> tcp_packet(size_t bytes, bool is_v6 = false) {
  std::vector<uint8_t> packet(bytes, 0);
  if (is_v6) {
    packet[0] = 0x60;
    store_be16(packet.data() + 4, static_cast<uint16_t>(bytes - 40));
    packet[6] = 6;
    packet[40 + 12] = 0x50;
  } else {
    packet[0] = 0x45;
    store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
    packet[9] = 6;
    packet[20 + 12] = 0x50;
  }
  return packet;
}

TEST(Offload, LongTcpIsToBeCutAtTheMtu) {
  for (const bool is_v6 : {false, true}) {
    auto packet = tcp_packet(20'000, is_v6);
    const VirtioHeader header = describe_for_tun(packet, 1500);
    EXPECT_EQ(header.gso_type, is_v6 ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4);
    EXPECT_EQ(header.header_bytes, is_v6 ? 60 : 40);
    EXPECT_EQ(header.gso_bytes, 1500 - header.header_bytes);
    EXPECT_EQ(header.checksum_start, is_v6 ? 40 : 20);
    EXPECT_EQ(header.checksum_offset, 16);
  }
}

TEST(Offload, WhatFitsTheMtuIsNotCut) {
  auto packet = tcp_packet(1500);
  EXPECT_EQ(describe_for_tun(packet, 1500).gso_type, VirtioHeader::kGsoNone);
  EXPECT_EQ(describe_for_tun(packet, 1499).gso_type, VirtioHeader::kGsoTcpV4);
}

// Headers as long as the MTU, or longer, would leave no room for a segment.
TEST(Offload, NoSegmentOfNothing) {
  for (const uint32_t mtu : {0u, 1u, 20u, 39u, 40u}) {
    auto packet = tcp_packet(2000);
    EXPECT_EQ(describe_for_tun(packet, mtu).gso_type, VirtioHeader::kGsoNone) << mtu;
  }
  auto packet = tcp_packet(2000);
  EXPECT_EQ(describe_for_tun(packet, 41).gso_bytes, 1);
}

TEST(Offload, HeadersThatLieAreLeftAlone) {
  const auto untouched = [](std::vector<uint8_t> packet) {
    const auto before = packet;
    const VirtioHeader header = describe_for_tun(packet, 1500);
    return packet == before && header.flags == 0 && header.gso_type == VirtioHeader::kGsoNone;
  };
  auto longer_than_it_is = tcp_packet(2000);
  longer_than_it_is[20 + 12] = 0xf0;
  longer_than_it_is.resize(70);
  store_be16(longer_than_it_is.data() + 2, 70);
  EXPECT_TRUE(untouched(longer_than_it_is)) << "60 octets of TCP header in 50";
  for (const uint8_t offset : {uint8_t{0x00}, uint8_t{0x10}, uint8_t{0x40}}) {
    auto shorter_than_a_header = tcp_packet(2000);
    shorter_than_a_header[20 + 12] = offset;
    EXPECT_TRUE(untouched(shorter_than_a_header)) << int{offset};
  }
  auto total = tcp_packet(2000);
  store_be16(total.data() + 2, 3000);
  EXPECT_TRUE(untouched(total));
  auto fragment = tcp_packet(2000);
  store_be16(fragment.data() + 6, 0x2000);
  EXPECT_TRUE(untouched(fragment));
  EXPECT_TRUE(untouched({}));
  EXPECT_TRUE(untouched({0x45}));
}

// Whatever the octets are.
TEST(Offload, EveryFieldLiesInsideThePacket) {
  Random random(4);
  for (int i = 0; i < 200'000; ++i) {
    std::vector<uint8_t> packet(random.below(300));
    for (auto& octet : packet) octet = static_cast<uint8_t>(random.next());
    if (packet.size() >= 60 && random.chance(0.9)) {  // mostly almost right
      const bool is_v6 = random.chance(0.5);
      packet[0] = static_cast<uint8_t>(is_v6 ? 0x60 : 0x45 + random.below(11));
      packet[is_v6 ? 6 : 9] = random.chance(0.5) ? 6 : 17;
      store_be16(packet.data() + (is_v6 ? 4 : 2), static_cast<uint16_t>(packet.size() - (is_v6 ? 40 : 0)));
      if (!is_v6) store_be16(packet.data() + 6, 0);
    }
    const size_t bytes = packet.size();
    const auto mtu = static_cast<uint32_t>(random.below(400));
    const VirtioHeader header = describe_for_tun(packet, mtu);
    ASSERT_EQ(packet.size(), bytes);
    if (header.flags != 0) {
      ASSERT_LE(size_t{header.checksum_start} + header.checksum_offset + 2, bytes);
    }
    if (header.gso_type != VirtioHeader::kGsoNone) {
      ASSERT_GT(header.gso_bytes, 0);
      ASSERT_LE(header.header_bytes, bytes);
      ASSERT_LE(size_t{header.header_bytes} + header.gso_bytes, mtu);
      ASSERT_GT(bytes, mtu);
    }
  }
}

}  // namespace
}  // namespace cuttle
