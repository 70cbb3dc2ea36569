// Cutting long TCP packets: payload, sequence numbers, flags and checksums as the kernel itself would make
// them.
#include "link/segment.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "packets.hh"

namespace cuttle {
namespace {

using testing::Packet;

struct Shape {
  bool is_v6;
  size_t ip_options;   // bytes, IPv4 only
  size_t tcp_options;  // bytes
  size_t payload;
};

constexpr uint8_t kAllFlags = 0xff;

Packet make_tcp(const Shape& shape, uint32_t sequence, uint16_t id = 100) {
  const size_t ip = shape.is_v6 ? 40 : 20 + shape.ip_options;
  const size_t tcp = 20 + shape.tcp_options;
  Packet packet = testing::make_packet(ip + tcp + shape.payload, sequence, shape.is_v6);
  if (shape.is_v6) {
    packet[6] = 6;
  } else {
    packet[0] = static_cast<uint8_t>(0x40 | ip / 4);
    store_be16(packet.data() + 4, id);
    store_be16(packet.data() + 6, 0x4000);
    packet[9] = 6;
  }
  store_be32(packet.data() + ip + 4, sequence);
  packet[ip + 12] = static_cast<uint8_t>(tcp / 4 << 4);
  packet[ip + 13] = kAllFlags;
  return packet;
}

size_t ip_bytes(const Packet& packet) {
  return packet[0] >> 4 == 6 ? 40 : (packet[0] & 0xf) * size_t{4};
}
size_t header_bytes(const Packet& packet) {
  return ip_bytes(packet) + static_cast<size_t>(packet[ip_bytes(packet) + 12] >> 4) * 4;
}

std::vector<Packet> cut(const Packet& packet, size_t segment_bytes, size_t largest_bytes) {
  Segmenter segmenter(packet, segment_bytes, largest_bytes);
  std::vector<Packet> pieces;
  Packet out(packet.size());
  while (const auto bytes = segmenter.poll_piece(out)) pieces.emplace_back(out.begin(), out.begin() + *bytes);
  return pieces;
}

// One's complement sum over bytes, as RFC 1071 has it; slow and obvious.
uint16_t sum_of(Bytes bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += static_cast<uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// With the length of one segment.
uint16_t pseudo_sum(const Packet& packet, size_t segment_bytes) {
  const bool is_v6 = packet[0] >> 4 == 6;
  std::vector<uint8_t> pseudo(packet.begin() + (is_v6 ? 8 : 12), packet.begin() + (is_v6 ? 40 : 20));
  const size_t tcp_header_bytes = header_bytes(packet) - ip_bytes(packet);
  const auto length =
      static_cast<uint32_t>(tcp_header_bytes + std::min(segment_bytes, packet.size() - header_bytes(packet)));
  pseudo.resize(pseudo.size() + 8);
  store_be32(pseudo.data() + pseudo.size() - 8, length);
  store_be32(pseudo.data() + pseudo.size() - 4, 6);
  return sum_of(pseudo);
}

RC_GTEST_PROP(Segment, ThePiecesAreThePacket, ()) {
  const Shape shape{*rc::gen::arbitrary<bool>(), 4 * *rc::gen::inRange<size_t>(0, 11),
                    4 * *rc::gen::inRange<size_t>(0, 11), *rc::gen::inRange<size_t>(1, 65'400)};
  const Shape real{shape.is_v6, shape.is_v6 ? 0 : shape.ip_options, shape.tcp_options, shape.payload};
  const size_t segment = *rc::gen::inRange<size_t>(1, 9000);
  const size_t largest = *rc::gen::inRange<size_t>(100, 20'000);
  const uint32_t sequence = *rc::gen::element<uint32_t>(1, 4'000'000'000, UINT32_MAX - 100);
  const Packet packet = make_tcp(real, sequence, 65'530);
  RC_PRE(packet.size() <= 65'535u);

  const size_t header = header_bytes(packet);
  const auto pieces = cut(packet, segment, largest);
  if (packet.size() <= largest || real.payload <= segment) {
    RC_ASSERT(pieces == std::vector<Packet>(1, packet));
    return;
  }
  std::vector<uint8_t> payload;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Packet& piece = pieces[i];
    const bool last = i + 1 == pieces.size();
    RC_ASSERT(header_bytes(piece) == header);
    const wire::Block block = wire::classify_block(piece);
    RC_ASSERT(block.kind == wire::BlockKind::packet && block.bytes == piece.size());
    const size_t carried = piece.size() - header;
    RC_ASSERT(carried > 0u);
    RC_ASSERT(last || carried % segment == 0u);
    RC_ASSERT(piece.size() <= largest || carried <= segment);
    const uint8_t* tcp = piece.data() + ip_bytes(piece);
    RC_ASSERT(load_be32(tcp + 4) == static_cast<uint32_t>(sequence + payload.size()));
    RC_ASSERT(((tcp[13] & 0x09) != 0) == last);                    // FIN and PSH
    RC_ASSERT(((tcp[13] & 0x80) != 0) == (i == 0));                // CWR
    RC_ASSERT((tcp[13] & 0x76) == (kAllFlags & 0x76));             // the others
    RC_ASSERT(load_be16(tcp + 16) == pseudo_sum(piece, segment));  // for the receiving kernel to complete
    if (!real.is_v6) {
      RC_ASSERT(sum_of(Bytes(piece).first(ip_bytes(piece))) == 0xffff);
      RC_ASSERT(load_be16(piece.data() + 4) == static_cast<uint16_t>(65'530 + i));
    }
    payload.insert(payload.end(), piece.begin() + static_cast<ptrdiff_t>(header), piece.end());
  }
  RC_ASSERT(std::equal(payload.begin(), payload.end(), packet.begin() + static_cast<ptrdiff_t>(header),
                       packet.end()));
}

TEST(Segment, PiecesHoldAsManyWholeSegmentsAsFit) {
  const Packet packet = make_tcp({false, 0, 12, 10'000}, 5);
  const auto pieces = cut(packet, 1448, 1434 * 3);
  ASSERT_EQ(pieces.size(), 4u);
  EXPECT_EQ(pieces[0].size(), 52u + 2 * 1448);
  EXPECT_EQ(pieces[3].size(), 52u + 10'000 - 6 * 1448);
}

TEST(Segment, ASegmentLongerThanAllowedStaysWhole) {
  const auto pieces = cut(make_tcp({false, 0, 0, 5000}, 5), 2000, 100);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].size(), 2040u);
}

TEST(Segment, WhatIsNotPlainTcpStaysWhole) {
  Packet udp = testing::make_packet(3000, 1);
  udp[9] = 17;
  store_be16(udp.data() + 6, 0);
  Packet fragment = make_tcp({false, 0, 0, 3000}, 5);
  store_be16(fragment.data() + 6, 0x2000);
  Packet later_fragment = make_tcp({false, 0, 0, 3000}, 5);
  store_be16(later_fragment.data() + 6, 5);
  Packet extension = make_tcp({true, 0, 0, 3000}, 5);
  extension[6] = 0;
  Packet short_header = make_tcp({false, 0, 0, 3000}, 5);
  short_header[20 + 12] = 0x40;
  Packet lying = make_tcp({false, 0, 0, 3000}, 5);
  store_be16(lying.data() + 2, 1000);
  for (const Packet& packet : {udp, fragment, later_fragment, extension, short_header, lying}) {
    EXPECT_EQ(cut(packet, 1448, 1500), std::vector<Packet>(1, packet));
  }
  const Packet tcp = make_tcp({false, 0, 0, 3000}, 5);
  EXPECT_EQ(cut(tcp, 0, 1500), std::vector<Packet>(1, tcp)) << "no segment size, nothing to go by";
}

}  // namespace
}  // namespace cuttle
