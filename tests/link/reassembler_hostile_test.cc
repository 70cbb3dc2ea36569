// Hostile contents: an authenticated peer that means harm, or is another implementation gone wrong. Whatever
// it sends, the reassembler ends its work, stays in its buffers and hands out only what the cells say.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "cell_stream.hh"
#include "link/reassembler.hh"

namespace cuttle {
namespace {

using testing::CellStream;
using testing::Packet;
using testing::Payload;

class HostilePeer : public ::testing::Test {
 protected:
  // Returns the packets that came out.
  std::vector<Packet> send(const Payload& payload) {
    uint8_t* room = reassembler.poll_room(Sequence{++sequence});
    EXPECT_NE(room, nullptr);
    std::copy(payload.begin(), payload.end(), room);
    reassembler.handle_payload(now, Sequence{sequence});
    std::vector<Packet> result;
    while (const auto packet = reassembler.poll_packet()) result.emplace_back(packet->begin(), packet->end());
    return result;
  }
  // A payload whose data begins with `bytes`, the rest zero.
  Payload payload_of(std::vector<uint8_t> bytes, uint16_t block_offset = 0) const {
    Payload payload = testing::empty_payload(format);
    store_be16(payload.data() + 2, block_offset);
    std::copy(bytes.begin(), bytes.end(), payload.begin() + wire::kAggfragHeaderBytes);
    return payload;
  }
  Payload full_of(uint8_t byte, uint16_t block_offset) const {
    Payload payload = testing::empty_payload(format);
    store_be16(payload.data() + 2, block_offset);
    std::fill_n(payload.begin() + wire::kAggfragHeaderBytes, format.data_bytes(), byte);
    return payload;
  }
  // The stream is as good as ever: an honest packet of three cells comes through.
  void expect_honest_packet_comes_through() {
    CellStream stream(format);
    stream.add(testing::make_packet(600, 77), [] { return 0; });
    std::vector<Packet> got;
    for (const Payload& payload : stream.payloads()) {
      for (auto& one : send(payload)) got.push_back(std::move(one));
    }
    EXPECT_EQ(got, std::vector<Packet>(1, stream.placed()[0].packet));
  }
  uint64_t malformed() const { return reassembler.counters().blocks_malformed.value(); }

  wire::CellFormat format{256};
  Reassembler reassembler{format, 8, milliseconds(5)};
  Instant now{0};
  uint32_t sequence = 0;
};

TEST_F(HostilePeer, TotalLengthZero) {
  EXPECT_TRUE(send(payload_of({0x45, 0, 0, 0})).empty());
  EXPECT_EQ(malformed(), 1u);
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, TotalLengthShorterThanTheHeader) {
  EXPECT_TRUE(send(payload_of({0x45, 0, 0, 19})).empty());
  EXPECT_TRUE(send(payload_of({0x4f, 0, 0, 59})).empty());
  EXPECT_TRUE(send(payload_of({0x44, 0, 0, 40})).empty());
  EXPECT_EQ(malformed(), 3u);
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, VersionsThatDoNotExist) {
  for (const int first : {0x15, 0x25, 0x35, 0x55, 0x75, 0x85, 0xf5}) {
    EXPECT_TRUE(send(payload_of({static_cast<uint8_t>(first), 0, 0, 40})).empty());
  }
  EXPECT_EQ(malformed(), 7u);
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, AHundredTinyPacketsInACellThenGarbage) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 10; ++i) {
    const Packet packet = testing::make_packet(20, 0);
    bytes.insert(bytes.end(), packet.begin(), packet.end());
  }
  bytes.push_back(0x99);
  EXPECT_EQ(send(payload_of(bytes)).size(), 10u) << "what came before the garbage is good";
  EXPECT_EQ(malformed(), 1u);
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, AFragmentThatNeverEndsIsBoundedAndThenForgotten) {
  // 65,535 bytes are promised; the offsets go on promising, the end never comes.
  std::vector<uint8_t> header(20);
  header[0] = 0x45;
  store_be16(header.data() + 2, 65535);
  Payload first = payload_of(header);
  std::fill(first.begin() + 4 + 20, first.end() - 2, 0x45);
  EXPECT_TRUE(send(first).empty());
  for (int i = 0; i < 5000; ++i) EXPECT_TRUE(send(full_of(0x45, 65535)).empty());
  EXPECT_GE(malformed(), 1u) << "an offset that contradicts the length is seen at once";
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, AllPadForeverAfterAFragment) {
  Packet packet = testing::make_packet(600, 3);
  CellStream stream(format);
  stream.add(packet, [] { return 0; });
  EXPECT_TRUE(send(stream.payloads()[0]).empty());
  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(send(testing::empty_payload(format)).empty());
  EXPECT_TRUE(send(stream.payloads()[1]).empty());
  EXPECT_EQ(send(stream.payloads()[2]), std::vector<Packet>(1, packet))
      << "that is allowed (RFC 9347, 2.2.3)";
}

TEST_F(HostilePeer, AnOffsetThatContradictsTheFragmentGivesThatPacketUp) {
  CellStream stream(format);
  stream.add(testing::make_packet(600, 3), [] { return 0; });
  for (const int wrong : {0, 1, 381, 383, 600, 65535}) {
    EXPECT_TRUE(send(stream.payloads()[0]).empty());
    Payload second = stream.payloads()[1];
    ASSERT_EQ(load_be16(second.data() + 2), 382);
    store_be16(second.data() + 2, static_cast<uint16_t>(wrong));
    EXPECT_TRUE(send(second).empty());
    EXPECT_TRUE(send(stream.payloads()[2]).empty());
    expect_honest_packet_comes_through();
  }
  EXPECT_GE(malformed(), 6u);
}

TEST_F(HostilePeer, ANewBlockInsideAPromisedFragmentIsTakenFromItsOffset) {
  CellStream stream(format);
  stream.add(testing::make_packet(600, 3), [] { return 0; });
  EXPECT_TRUE(send(stream.payloads()[0]).empty());
  const Packet fresh = testing::make_packet(60, 5);
  Payload next = testing::empty_payload(format);
  store_be16(next.data() + 2, 10);
  std::copy(fresh.begin(), fresh.end(), next.begin() + 4 + 10);
  EXPECT_EQ(send(next), std::vector<Packet>(1, fresh));
  EXPECT_EQ(malformed(), 1u);
}

TEST_F(HostilePeer, Ipv6JumbogramIsTakenAtItsLengthField) {
  // Payload length zero (RFC 2675): 40 bytes by the only field that counts here; the jumbo payload behind it
  // is not a packet.
  Packet jumbo = testing::make_packet(40, 0, true);
  jumbo[6] = 0;  // hop-by-hop options follow
  std::vector<uint8_t> bytes = jumbo;
  const uint8_t jumbo_option[] = {0x3b, 0, 0xc2, 4, 0, 1, 0x86, 0xa0};
  bytes.insert(bytes.end(), std::begin(jumbo_option), std::end(jumbo_option));
  EXPECT_EQ(send(payload_of(bytes)), std::vector<Packet>(1, jumbo));
  EXPECT_EQ(malformed(), 1u);
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, TheLongestPacketThereIs) {
  // 65,575 bytes: more than an offset can say, but its second cell's offset counts only what is left.
  CellStream stream(format);
  stream.add(testing::make_packet(wire::kLargestInnerPacketBytes, 1, true), [] { return 0; });
  std::vector<Packet> got;
  for (const Payload& payload : stream.payloads()) {
    for (auto& one : send(payload)) got.push_back(std::move(one));
  }
  EXPECT_EQ(got, std::vector<Packet>(1, stream.placed()[0].packet));
  EXPECT_EQ(malformed(), 0u);
}

TEST_F(HostilePeer, WrongSubTypeOrTrailer) {
  const Packet packet = testing::make_packet(60, 5);
  for (const size_t at : {size_t{0}, format.payload_bytes() - 2, format.payload_bytes() - 1}) {
    Payload payload = payload_of(packet);
    payload[at] ^= 1;
    EXPECT_TRUE(send(payload).empty());
  }
  EXPECT_EQ(malformed(), 3u);
  Payload reserved = payload_of(packet);
  reserved[1] = 0xff;
  EXPECT_EQ(send(reserved).size(), 1u) << "reserved bytes are ignored on receipt (RFC 9347, 6.1.1)";
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, ALengthCutInTwoThatThenLies) {
  // Two bytes of an IPv4 header at the very end of a cell: the length comes with the next one, and is zero.
  Payload first = testing::empty_payload(format);
  const Packet filler = testing::make_packet(format.data_bytes() - 2, 0);
  std::copy(filler.begin(), filler.end(), first.begin() + 4);
  first[4 + format.data_bytes() - 2] = 0x45;
  EXPECT_EQ(send(first).size(), 1u);
  EXPECT_TRUE(send(payload_of({0, 0}, 18)).empty());
  EXPECT_EQ(malformed(), 1u);
  expect_honest_packet_comes_through();
}

TEST_F(HostilePeer, SequenceNumbersAtTheirEnd) {
  // The last numbers there are, four thousand million ahead: all that lies between is given up in one step.
  CellStream stream(format);
  stream.add(testing::make_packet(600, 77), [] { return 0; });
  sequence = UINT32_MAX - 3;
  for (const Payload& payload : stream.payloads()) EXPECT_TRUE(send(payload).empty());
  reassembler.handle_timeout(now + milliseconds(5));
  const auto packet = reassembler.poll_packet();
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(testing::number_of(*packet), 77u);
  EXPECT_FALSE(reassembler.poll_packet().has_value());
  EXPECT_EQ(reassembler.counters().cells_lost.value(), UINT32_MAX - 3u);
  EXPECT_EQ(reassembler.poll_room(Sequence{UINT32_MAX - 100}), nullptr) << "late, not early";
}

// Anything at all, in any order of numbers: the work ends and every packet is as long as it says.
void throw_bytes_at(uint64_t seed) {
  Random random(seed);
  const wire::CellFormat format(random.chance(0.5) ? 256 : 1452);
  Reassembler reassembler(format, 1 + random.below(40), milliseconds(1));
  std::set<uint32_t> used;
  uint32_t at = random.chance(0.1) ? UINT32_MAX - 400 : 1;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  for (int i = 0; i < 300; ++i) {
    Payload payload = testing::empty_payload(format);
    for (size_t k = 4; k < format.payload_bytes() - 2; ++k) {
      payload[k] =
          random.chance(0.3) ? 0x45 : static_cast<uint8_t>(random.below(random.chance(0.5) ? 4 : 256));
    }
    if (random.chance(0.1)) payload[4] = 0;
    if (random.chance(0.7)) {
      store_be16(payload.data() + 2, static_cast<uint16_t>(random.below(random.chance(0.5) ? 300 : 65536)));
    }
    const uint32_t step = static_cast<uint32_t>(random.below(random.chance(0.05) ? 5000 : 4));
    at = at > UINT32_MAX - step ? UINT32_MAX : at + step;
    const uint32_t number = at - static_cast<uint32_t>(random.below(std::min<uint64_t>(at, 6)));
    if (!used.insert(number).second) continue;
    const Instant now{i * 100'000};
    uint8_t* room = reassembler.poll_room(Sequence{number});
    if (room == nullptr) continue;
    std::copy(payload.begin(), payload.end(), room);
    reassembler.handle_payload(now, Sequence{number});
    bytes_in += format.data_bytes();
    while (const auto packet = reassembler.poll_packet()) {
      const wire::Block block = wire::classify_block(*packet);
      RC_ASSERT(block.kind == wire::BlockKind::packet);
      RC_ASSERT(block.bytes == packet->size());
      bytes_out += packet->size();
    }
    RC_ASSERT(bytes_out <= bytes_in);
  }
}

RC_GTEST_PROP(HostilePeerProperty, AnyBytesAtAll, (uint64_t seed)) {
  throw_bytes_at(seed);
}

}  // namespace
}  // namespace cuttle
