// What is read of inner packets: lengths, sources, transport headers; and that lies are seen as such.
#include "wire/inner_packet.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "wire/internet_sum.hh"

namespace cuttle::wire {
namespace {

using ByteVector = std::vector<uint8_t>;

ByteVector ipv4(size_t bytes, uint8_t protocol = 17) {
  ByteVector packet(bytes, 0);
  packet[0] = 0x45;
  store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
  packet[9] = protocol;
  for (uint8_t i = 0; i < 8; ++i) packet[12 + i] = static_cast<uint8_t>(10 + i);
  return packet;
}

ByteVector ipv6(size_t bytes, uint8_t next_header = 17) {
  ByteVector packet(bytes, 0);
  packet[0] = 0x60;
  store_be16(packet.data() + 4, static_cast<uint16_t>(bytes - 40));
  packet[6] = next_header;
  for (uint8_t i = 0; i < 32; ++i) packet[8 + i] = static_cast<uint8_t>(100 + i);
  return packet;
}

TEST(ClassifyBlock, PacketsAreAsLongAsTheySay) {
  EXPECT_EQ(classify_block(ipv4(60)).kind, BlockKind::packet);
  EXPECT_EQ(classify_block(ipv4(60)).bytes, 60u);
  EXPECT_EQ(classify_block(ipv6(60)).bytes, 60u);
  EXPECT_EQ(classify_block(ipv6(40)).bytes, 40u);
  ByteVector longest = ipv6(40);
  store_be16(longest.data() + 4, 65535);
  EXPECT_EQ(classify_block(longest).bytes, kLargestInnerPacketBytes);
}

TEST(ClassifyBlock, TheLengthFieldMustBeThere) {
  EXPECT_EQ(classify_block({}).kind, BlockKind::incomplete);
  for (size_t n = 1; n < 4; ++n)
    EXPECT_EQ(classify_block(Bytes(ipv4(60)).first(n)).kind, BlockKind::incomplete);
  EXPECT_EQ(classify_block(Bytes(ipv4(60)).first(4)).kind, BlockKind::packet);
  for (size_t n = 1; n < 6; ++n)
    EXPECT_EQ(classify_block(Bytes(ipv6(60)).first(n)).kind, BlockKind::incomplete);
  EXPECT_EQ(classify_block(Bytes(ipv6(60)).first(6)).kind, BlockKind::packet);
}

TEST(ClassifyBlock, PadIsAnyZeroNibble) {
  for (int first = 0; first < 16; ++first) {
    const ByteVector byte{static_cast<uint8_t>(first)};
    EXPECT_EQ(classify_block(byte).kind, BlockKind::pad);
  }
}

TEST(ClassifyBlock, LengthsShorterThanTheirHeaderAreMalformed) {
  for (const int total : {0, 1, 19}) {
    ByteVector packet = ipv4(60);
    store_be16(packet.data() + 2, static_cast<uint16_t>(total));
    EXPECT_EQ(classify_block(packet).kind, BlockKind::malformed);
  }
  ByteVector options = ipv4(60);
  options[0] = 0x4f;
  store_be16(options.data() + 2, 59);
  EXPECT_EQ(classify_block(options).kind, BlockKind::malformed);
  ByteVector short_header = ipv4(60);
  short_header[0] = 0x44;
  EXPECT_EQ(classify_block(short_header).kind, BlockKind::malformed);
}

RC_GTEST_PROP(ClassifyBlock, NeverAnEmptyPacket, (ByteVector bytes)) {
  const Block block = classify_block(bytes);
  RC_ASSERT(block.kind != BlockKind::packet || block.bytes >= 20u);
}

TEST(InnerSource, OfWholePacketsOnly) {
  EXPECT_EQ(inner_source(ipv4(60))->to_string(), "10.11.12.13");
  EXPECT_EQ(inner_source(ipv6(60))->to_string(), "6465:6667:6869:6a6b:6c6d:6e6f:7071:7273");
  EXPECT_EQ(inner_source(Bytes(ipv4(60)).first(59)), std::nullopt);
  EXPECT_EQ(inner_source(ByteVector(60, 0)), std::nullopt);
  EXPECT_EQ(inner_source({}), std::nullopt);
  ByteVector longer = ipv4(60);
  longer.push_back(0);
  EXPECT_EQ(inner_source(longer), std::nullopt);
}

TEST(FindTransport, TcpAndUdp) {
  const auto udp = find_transport(ipv4(60));
  ASSERT_TRUE(udp.has_value());
  EXPECT_EQ(udp->offset, 20);
  EXPECT_EQ(udp->header_bytes, 8);
  EXPECT_EQ(udp->checksum_offset, 6);
  ByteVector packet = ipv6(100, 6);
  packet[40 + 12] = 0x80;
  const auto tcp = find_transport(packet);
  ASSERT_TRUE(tcp.has_value());
  EXPECT_EQ(tcp->offset, 40);
  EXPECT_EQ(tcp->header_bytes, 32);
  EXPECT_EQ(tcp->checksum_offset, 16);
}

TEST(FindTransport, NotWhereItDoesNotFit) {
  EXPECT_FALSE(find_transport(ipv4(27)).has_value()) << "a UDP header has eight bytes";
  EXPECT_FALSE(find_transport(ipv4(39, 6)).has_value());
  ByteVector tcp = ipv4(40, 6);
  tcp[32] = 0x60;
  EXPECT_FALSE(find_transport(tcp).has_value()) << "options beyond the packet's end";
  tcp[32] = 0x40;
  EXPECT_FALSE(find_transport(tcp).has_value()) << "a header of sixteen bytes";
  tcp[32] = 0x50;
  EXPECT_TRUE(find_transport(tcp).has_value());
  tcp[6] = 0x20;
  EXPECT_FALSE(find_transport(tcp).has_value()) << "a fragment";
  EXPECT_FALSE(find_transport(ipv4(60, 1)).has_value());
  EXPECT_FALSE(find_transport(ipv6(60, 0)).has_value()) << "an extension header";
}

TEST(PseudoHeaderSum, AsRfc1071AddsIt) {
  // 10.11.12.13 -> 14.15.16.17, UDP, 40 bytes, added by hand.
  const uint32_t sum = 0x0a0b + 0x0c0d + 0x0e0f + 0x1011 + 17 + 40;
  EXPECT_EQ(pseudo_header_sum(ipv4(60), *find_transport(ipv4(60)), 40), sum);
}

TEST(PseudoHeaderSum, TellsTheLengthThatItWasMadeWith) {
  for (const bool is_v6 : {false, true}) {
    ByteVector packet = is_v6 ? ipv6(2000, 6) : ipv4(2000, 6);
    const size_t offset = is_v6 ? 40 : 20;
    packet[offset + 12] = 0x50;
    const auto transport = find_transport(packet);
    ASSERT_TRUE(transport.has_value());
    for (uint32_t bytes = 1; bytes <= 0xffff; ++bytes) {
      store_be16(packet.data() + offset + 16, pseudo_header_sum(packet, *transport, bytes));
      ASSERT_EQ(claimed_bytes(packet, *transport), bytes);
    }
  }
}

RC_GTEST_PROP(InternetSum, IsTheSameInAnyPieces, (ByteVector bytes)) {
  uint64_t slow = 0;
  for (size_t i = 0; i < bytes.size(); ++i) slow += uint64_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
  while (slow >> 16 != 0) slow = (slow & 0xffff) + (slow >> 16);
  InternetSum sum;
  Bytes rest(bytes);
  while (!rest.empty()) {
    const auto piece = *rc::gen::inRange<size_t>(1, rest.size() + 1);
    sum.add(rest.first(piece));
    rest = rest.subspan(piece);
  }
  RC_ASSERT(sum.folded() == slow);
  RC_ASSERT(internet_sum(bytes) == slow);
}

RC_GTEST_PROP(FindTransport, NeverPointsOutsideThePacket, (ByteVector bytes)) {
  if (bytes.size() >= 4) {  // make it worth looking at
    bytes[0] = bytes[0] % 2 == 0 ? 0x45 : 0x60;
    if (bytes[0] == 0x45) {
      store_be16(bytes.data() + 2, static_cast<uint16_t>(bytes.size()));
      if (bytes.size() > 9) bytes[9] = bytes[9] % 2 == 0 ? 6 : 17;
    } else if (bytes.size() >= 40) {
      store_be16(bytes.data() + 4, static_cast<uint16_t>(bytes.size() - 40));
      bytes[6] = bytes[6] % 2 == 0 ? 6 : 17;
    }
  }
  const auto transport = find_transport(bytes);
  if (!transport) return;
  RC_ASSERT(size_t{transport->offset} + transport->header_bytes <= bytes.size());
  RC_ASSERT(transport->checksum_offset + 2 <= transport->header_bytes);
}

}  // namespace
}  // namespace cuttle::wire
