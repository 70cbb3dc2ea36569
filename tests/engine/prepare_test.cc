// What is done to a packet between the TUN and the cells, and that it comes out on the other side as the
// sender meant it: the checksum right that was right, and never one that was wrong.
#include <gtest/gtest.h>

#include "base/random.hh"
#include "engine/offload.hh"
#include "offload_fixture.hh"

namespace cuttle {
namespace {

// The packet in pieces of any length, as the ring's payloads cut it.
class InPieces {
 public:
  InPieces(ByteVector& packet, uint64_t seed) {
    Random random(seed);
    for (size_t at = 0; at < packet.size();) {
      const size_t now = std::min<size_t>(1 + random.below(seed % 2 == 0 ? 60 : 1400), packet.size() - at);
      pieces_.push_back({packet.data() + at, now});
      at += now;
    }
    pieces_.push_back({behind_, sizeof behind_});  // room that the packet does not fill
  }
  std::span<const iovec> room() const { return pieces_; }

 private:
  uint8_t behind_[100] = {};
  std::vector<iovec> pieces_;
};

bool prepare(ByteVector& packet, const VirtioHeader& header, uint64_t seed = 2) {
  const InPieces pieces(packet, seed);
  return prepare_for_cells(header, pieces.room(), packet.size());
}

VirtioHeader to_be_made(const ByteVector& packet, uint16_t segment_bytes = 0) {
  const auto transport = wire::find_transport(packet);
  VirtioHeader header;
  header.flags = VirtioHeader::kNeedsChecksum;
  header.checksum_start = transport->offset;
  header.checksum_offset = transport->checksum_offset;
  header.gso_bytes = segment_bytes;
  if (segment_bytes > 0) {
    header.gso_type = transport->is_v6 ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4;
  }
  return header;
}

// As the receiving kernel sees it: with the checksum made, if it is told to.
ByteVector come_out(ByteVector packet) {
  const VirtioHeader header = describe_for_tun(packet, 1500);
  if (header.flags == VirtioHeader::kNeedsChecksum) {
    complete_as_a_card(packet, header.checksum_start, size_t{header.checksum_start} + header.checksum_offset);
  }
  return packet;
}

TEST(Prepare, TheSegmentSizeComesOut) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const bool is_v6 = seed % 4 < 2;
    for (const uint16_t segment : {100, 536, 1200, 1440}) {
      auto packet = tcp_packet(20'000, is_v6);
      const auto before = packet;
      ASSERT_TRUE(prepare(packet, to_be_made(packet, segment), seed));
      const VirtioHeader header = describe_for_tun(packet, 1500);
      ASSERT_EQ(header.gso_bytes, segment);
      ASSERT_EQ(packet, before);
    }
  }
}

TEST(Prepare, ARightChecksumComesOutAsItWas) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const bool is_v6 = seed % 4 < 2;
    for (const size_t bytes : {60 + seed, 1500 - seed}) {
      for (auto packet : {tcp_packet(bytes, is_v6), udp_packet(bytes, is_v6)}) {
        store_whole_sum(packet);
        const auto before = packet;
        ASSERT_TRUE(prepare(packet, {}, seed));
        ASSERT_EQ(come_out(packet), before);
      }
    }
  }
}

TEST(Prepare, AWrongChecksumGoesNowhere) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const bool is_v6 = seed % 4 < 2;
    for (auto packet : {tcp_packet(60 + seed, is_v6), udp_packet(60 + seed, is_v6)}) {
      store_whole_sum(packet);
      packet.back() ^= 1;
      ASSERT_FALSE(prepare(packet, {}, seed));
    }
    auto packet =
        tcp_packet(60 + seed, is_v6);  // the pseudo-header's sum, and nobody said that it is only that
    ASSERT_FALSE(prepare(packet, {}, seed));
  }
}

TEST(Prepare, WhatACardCheckedIsNotCheckedAgain) {
  auto packet = udp_packet(300, false);
  store_whole_sum(packet);
  packet.back() ^= 1;  // to be seen: no card would say so
  VirtioHeader header;
  header.flags = VirtioHeader::kDataValid;
  EXPECT_TRUE(prepare(packet, header));
}

// For a peer that completes nothing.
TEST(Prepare, AChecksumIsMadeWhole) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const bool is_v6 = seed % 4 < 2;
    for (const size_t bytes : {60 + seed, 1500 - seed}) {
      for (auto packet : {tcp_packet(bytes, is_v6), udp_packet(bytes, is_v6)}) {
        auto whole = packet;
        store_whole_sum(whole);
        ASSERT_TRUE(prepare(packet, to_be_made(packet), seed));
        complete_checksum(packet);
        ASSERT_EQ(packet, whole);
        ASSERT_TRUE(prepare(packet, {}, seed));
        complete_checksum(packet);
        ASSERT_EQ(packet, whole) << "it was whole already";
      }
    }
    auto none = udp_packet(300, is_v6);
    store_be16(none.data() + (is_v6 ? 46 : 26), 0);
    const auto before = none;
    complete_checksum(none);
    ASSERT_EQ(none, before);
  }
  auto echo = ip_packet(300, 1, false);
  const auto before = echo;
  complete_checksum(echo);
  EXPECT_EQ(echo, before);
}

TEST(Prepare, UdpWithoutAChecksumStaysWithout) {
  for (const bool is_v6 : {false, true}) {
    auto packet = udp_packet(300, is_v6);
    store_be16(packet.data() + (is_v6 ? 46 : 26), 0);
    const auto before = packet;
    EXPECT_TRUE(prepare(packet, {}));
    EXPECT_EQ(come_out(packet), before);
  }
}

TEST(Prepare, OtherProtocolsAndFragmentsPassAsTheyAre) {
  auto echo = ip_packet(300, 1, false);
  auto fragment = tcp_packet(300);
  store_be16(fragment.data() + 6, 0x2000);
  for (ByteVector packet : {echo, fragment, ByteVector(300, 0x77), ByteVector(1, 0x45)}) {
    const auto before = packet;
    EXPECT_TRUE(prepare(packet, {}));
    EXPECT_EQ(packet, before);
  }
}

// Nobody at the other end would find the place: so it is made here.
TEST(Prepare, ASumThatTheOtherEndWouldNotFindIsMadeHere) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    // IPv6, destination options, TCP.
    auto behind_options = ip_packet(500, 60, true);
    behind_options[40] = 6;
    behind_options[41] = 0;
    // IPv4, GRE, and inside it UDP: with a place inside that stands at an odd byte, too.
    auto inside = ip_packet(500, 47, false);
    for (auto [packet, start] : {std::pair(behind_options, size_t{48}), std::pair(inside, 44 + seed % 2)}) {
      VirtioHeader header;
      header.flags = VirtioHeader::kNeedsChecksum;
      header.checksum_start = static_cast<uint16_t>(start);
      header.checksum_offset = 16;
      auto made = packet;
      complete_as_a_card(made, start, start + 16);
      ASSERT_TRUE(prepare(packet, header, seed));
      ASSERT_EQ(packet, made);
      ASSERT_EQ(come_out(packet), made);
    }
    auto lies = behind_options;
    VirtioHeader header;
    header.flags = VirtioHeader::kNeedsChecksum;
    header.checksum_start = 499;
    ASSERT_TRUE(prepare(lies, header, seed));
    ASSERT_EQ(lies, behind_options);
  }
}

}  // namespace
}  // namespace cuttle
