// What the kernel is told of a packet from a peer, who may have written anything into its headers: never a
// segment size, header length or checksum place that does not lie inside the packet.
#include "engine/offload.hh"

#include <gtest/gtest.h>

#include "base/random.hh"
#include "offload_fixture.hh"

namespace cuttle {
namespace {

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

TEST(Offload, LongTcpIsToBeCutAsTheSenderWouldHave) {
  for (const bool is_v6 : {false, true}) {
    for (const size_t bytes : {1500, 20'000}) {
      auto packet = tcp_packet(bytes, is_v6);
      store_sum(packet, 20 + 536);
      EXPECT_EQ(describe_for_tun(packet, 1500).gso_bytes, 536);
      auto again = tcp_packet(bytes, is_v6);
      EXPECT_EQ(packet, again) << "the kernel wants the sum with the whole length";
      store_sum(packet, 20 + 1440);
      EXPECT_LE(describe_for_tun(packet, 1280).gso_bytes, 1280) << "no segment is larger than an MTU";
    }
  }
}

// 65,000 packets of one.
TEST(Offload, NobodyHasThePacketCutIntoCrumbs) {
  for (const size_t segment : {1, 2, 8, 47}) {
    auto packet = tcp_packet(20'000);
    store_sum(packet, 20 + segment);
    const auto before = packet;
    const VirtioHeader header = describe_for_tun(packet, 1500);
    EXPECT_EQ(header.gso_type, VirtioHeader::kGsoNone);
    EXPECT_EQ(packet, before);
  }
}

TEST(Offload, AWholeChecksumIsLeftAsItIs) {
  for (const uint16_t off : {1, 2, 0x8000}) {
    auto udp = udp_packet(300, false);
    store_whole_sum(udp);
    store_be16(udp.data() + 26, static_cast<uint16_t>(load_be16(udp.data() + 26) ^ off));
    const auto before = udp;
    EXPECT_EQ(describe_for_tun(udp, 1500).flags, 0);
    EXPECT_EQ(udp, before) << "what was wrong stays wrong";
  }
  auto none = udp_packet(300, false);
  store_be16(none.data() + 26, 0);
  const auto before = none;
  EXPECT_EQ(describe_for_tun(none, 1500).flags, 0);
  EXPECT_EQ(none, before);
}

// Headers as long as the MTU, or longer, would leave no room for a segment.
TEST(Offload, NoSegmentOfNothing) {
  for (const uint32_t mtu : {0u, 1u, 20u, 39u, 40u}) {
    auto packet = tcp_packet(2000);
    EXPECT_EQ(describe_for_tun(packet, mtu).gso_type, VirtioHeader::kGsoNone) << mtu;
    store_sum(packet, 20 + 100);
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
  EXPECT_TRUE(untouched(longer_than_it_is)) << "60 bytes of TCP header in 50";
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

// Whatever the bytes are.
TEST(Offload, EveryFieldLiesInsideThePacket) {
  Random random(4);
  size_t described = 0;
  size_t cut = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::vector<uint8_t> packet(random.below(300));
    for (auto& byte : packet) byte = static_cast<uint8_t>(random.next());
    if (packet.size() >= 60 && random.chance(0.9)) {  // mostly almost right
      const bool is_v6 = random.chance(0.5);
      packet[0] = static_cast<uint8_t>(is_v6 ? 0x60 : 0x45 + random.below(11));
      packet[is_v6 ? 6 : 9] = random.chance(0.5) ? 6 : 17;
      store_be16(packet.data() + (is_v6 ? 4 : 2), static_cast<uint16_t>(packet.size() - (is_v6 ? 40 : 0)));
      if (!is_v6) store_be16(packet.data() + 6, 0);
      const auto transport = wire::find_transport(packet);
      if (transport && random.chance(0.9)) {
        store_sum(packet, random.chance(0.5) ? packet.size() - transport->offset : random.below(400));
      }
    }
    const size_t bytes = packet.size();
    const auto mtu = static_cast<uint32_t>(random.below(400));
    const VirtioHeader header = describe_for_tun(packet, mtu);
    ASSERT_EQ(packet.size(), bytes);
    if (header.flags != 0) {
      ++described;
      ASSERT_LE(size_t{header.checksum_start} + header.checksum_offset + 2, bytes);
    }
    if (header.gso_type != VirtioHeader::kGsoNone) {
      ++cut;
      ASSERT_GT(header.gso_bytes, 0);
      ASSERT_LE(size_t{header.header_bytes} + header.gso_bytes, mtu);
      ASSERT_GT(bytes, size_t{header.header_bytes} + header.gso_bytes);
    }
  }
  EXPECT_GT(described, 10'000u);
  EXPECT_GT(cut, 1000u);
}

}  // namespace
}  // namespace cuttle
