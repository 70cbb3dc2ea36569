// Messages of a ladder: their bytes, and what is none.
#include "wire/ladder_message.hh"

#include <gtest/gtest.h>

#include "wire/inner_packet.hh"

namespace cuttle::wire {
namespace {

constexpr LadderMessage kMessage{.kind = LadderKind::said,
                                 .step = 3,
                                 .fingerprint = 0xabcd,
                                 .listens = true,
                                 .epoch = 0x0102030405060708,
                                 .author = 0x1112131415161718};

TEST(LadderMessage, ItsBytesAreThoseOfTheWirePage) {
  const LadderPacket packet = store_ladder(kMessage);
  const LadderPacket expected{0x60, 0, 0, 0,    0,    24,   59,   1,    0xfe, 0x80, 0,    0,    0,
                              0,    0, 0, 0,    0,    0x43, 0x75, 0x74, 0x74, 0x6c, 0x65, 0xfe, 0x80,
                              0,    0, 0, 0,    0,    0,    0,    0,    0x43, 0x75, 0x74, 0x74, 0x6c,
                              0x65, 2, 3, 0xab, 0xcd, 1,    0,    0,    0,    1,    2,    3,    4,
                              5,    6, 7, 8,    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
  EXPECT_EQ(packet, expected);
  EXPECT_EQ(load_ladder(packet), kMessage);
}

TEST(LadderMessage, OfOneThatYieldsItAlsoSaysWhatIsLost) {
  LadderMessage message = kMessage;
  const LadderPacket plain = store_ladder(message);
  message.ceiling = 2;
  message.lost_65536ths = 0x1234;
  LadderPacket packet = store_ladder(message);
  EXPECT_EQ(load_ladder(packet), message);
  EXPECT_EQ(packet[45], 2);
  EXPECT_EQ(packet[46], 0x12);
  EXPECT_EQ(packet[47], 0x34);
  packet[45] = packet[46] = packet[47] = 0;
  EXPECT_EQ(packet, plain) << "and nothing else differs";
}

// So a peer that knows nothing of ladders drops it as a foreign source, and loses nothing behind it.
TEST(LadderMessage, ItIsAWholePacketOfAnAddressThatNoHostHas) {
  const LadderPacket packet = store_ladder(kMessage);
  EXPECT_EQ(classify_block(packet).bytes, packet.size());
  EXPECT_EQ(inner_source(packet), kLadderAddress);
  EXPECT_TRUE(kLadderAddress.is_link_local());
}

TEST(LadderMessage, WhatIsCutLongerOrOfAnUnknownKindIsNone) {
  const LadderPacket packet = store_ladder(kMessage);
  EXPECT_FALSE(load_ladder(Bytes(packet).first(packet.size() - 1)));
  std::array<uint8_t, kLadderPacketBytes + 1> longer{};
  std::ranges::copy(packet, longer.begin());
  EXPECT_FALSE(load_ladder(longer));
  for (const uint8_t kind : {uint8_t{0}, uint8_t{3}, uint8_t{255}}) {
    LadderPacket other = packet;
    other[kLadderHeaderBytes] = kind;
    EXPECT_FALSE(load_ladder(other));
    EXPECT_TRUE(claims_ladder(other)) << "of that source all the same";
  }
  LadderPacket elsewhere = packet;
  elsewhere[23] ^= 1;
  EXPECT_FALSE(claims_ladder(elsewhere));
  EXPECT_FALSE(claims_ladder(Bytes(packet).first(kLadderHeaderBytes - 1)));
}

}  // namespace
}  // namespace cuttle::wire
