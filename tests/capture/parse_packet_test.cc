#include "capture/parse_packet.hh"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hh"

namespace cuttle::capture {
namespace {

std::vector<uint8_t> ipv4_udp(uint16_t total_length, uint16_t fragment_field) {
  std::vector<uint8_t> ip(36);
  ip[0] = 0x45;
  store_be16(&ip[2], total_length);
  store_be16(&ip[6], fragment_field);
  ip[9] = kProtocolUdp;
  store_be16(&ip[20], 1000);
  store_be16(&ip[22], 2000);
  store_be16(&ip[24], static_cast<uint16_t>(total_length - 20));
  return ip;
}

TEST(ParsePacket, LaterFragmentHasNoPorts) {
  PacketRecord record;
  ASSERT_EQ(parse_frame(LinkLayer::raw_ip, ipv4_udp(1500, 0x2000), 1500, record), ParseStatus::ip);
  EXPECT_TRUE(record.fragment);
  EXPECT_EQ(record.source_port, 1000);
  ASSERT_EQ(parse_frame(LinkLayer::raw_ip, ipv4_udp(1500, 0x0010), 1500, record), ParseStatus::ip);
  EXPECT_TRUE(record.fragment);
  EXPECT_EQ(record.source_port, 0);
  ASSERT_EQ(parse_frame(LinkLayer::raw_ip, ipv4_udp(1500, 0x4000), 1500, record), ParseStatus::ip);
  EXPECT_FALSE(record.fragment);
}

TEST(ParsePacket, OffloadedTrainWithoutALengthTakesItFromTheWire) {
  PacketRecord record;
  auto ip = ipv4_udp(0, 0);
  store_be16(&ip[24], 0);
  ASSERT_EQ(parse_frame(LinkLayer::raw_ip, ip, 70'000, record), ParseStatus::ip);
  EXPECT_EQ(record.ip_bytes, 70'000u);
  EXPECT_EQ(record.udp_payload_bytes, 70'000u - 28);
}

TEST(ParsePacket, VlanTagsArePassedOver) {
  std::vector<uint8_t> frame(14 + 8);
  store_be16(&frame[12], 0x88a8);
  store_be16(&frame[16], 0x8100);
  store_be16(&frame[20], 0x0800);
  const auto ip = ipv4_udp(1500, 0);
  frame.insert(frame.end(), ip.begin(), ip.end());
  PacketRecord record;
  ASSERT_EQ(parse_frame(LinkLayer::ethernet, frame, 1522, record), ParseStatus::ip);
  EXPECT_EQ(record.destination_port, 2000);
}

TEST(ParsePacket, Ipv6FragmentHeader) {
  std::vector<uint8_t> ip(40 + 8 + 16);
  ip[0] = 0x60;
  store_be16(&ip[4], 24);
  ip[6] = 44;
  ip[40] = kProtocolUdp;
  store_be16(&ip[42], 0x0001);  // first fragment, more to come
  store_be16(&ip[48], 1000);
  store_be16(&ip[52], 16);
  PacketRecord record;
  ASSERT_EQ(parse_frame(LinkLayer::raw_ip, ip, 64, record), ParseStatus::ip);
  EXPECT_TRUE(record.fragment);
  EXPECT_EQ(record.source_port, 1000);
  store_be16(&ip[42], 0x0010);
  ASSERT_EQ(parse_frame(LinkLayer::raw_ip, ip, 64, record), ParseStatus::ip);
  EXPECT_TRUE(record.fragment);
  EXPECT_EQ(record.source_port, 0);
}

TEST(ParsePacket, AnythingOfAnyLengthIsSafe) {
  Random random(1);
  for (int round = 0; round < 200'000; ++round) {
    std::vector<uint8_t> frame(random.below(100));
    for (uint8_t& byte : frame) byte = static_cast<uint8_t>(random.next());
    const auto layer = static_cast<LinkLayer>(random.below(4));
    // Half of the frames look like IP, so that the deeper parts are reached.
    if (layer == LinkLayer::ethernet && frame.size() > 20 && random.chance(0.5)) {
      store_be16(&frame[12], random.chance(0.5) ? 0x0800 : 0x86dd);
      frame[14] = load_be16(&frame[12]) == 0x0800 ? 0x45 : 0x60;
      if (frame[14] == 0x60) frame[20] = random.chance(0.5) ? 44 : 0;
    }
    PacketRecord record;
    parse_frame(layer, frame, static_cast<uint32_t>(random.below(2000)), record);
  }
}

}  // namespace
}  // namespace cuttle::capture
