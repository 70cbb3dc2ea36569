#include "engine/packet_ring.hh"

#include <gtest/gtest.h>

#include <vector>

namespace cuttle {
namespace {

class PacketRingTest : public testing::Test {
 protected:
  bool push(PacketRing::Share& share, uint8_t what = 1, size_t bytes = 10) {
    // Whose it is, is only compared.
    return ring.push(reinterpret_cast<const Lane*>(&share), nullptr, share,
                     std::vector<uint8_t>(bytes, what));
  }
  PacketRing ring{100, 16};
  PacketRing::Share one;
  PacketRing::Share other;
};

// Also where the last of somebody's packets is always behind another's, so that he never has none.
TEST_F(PacketRingTest, WhatWentMeanwhileDoesNotCount) {
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(push(other));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(push(one)) << i;
    EXPECT_TRUE(push(other)) << i;
    ring.pop();
    ring.pop();
  }
}

TEST_F(PacketRingTest, PacketsComeOutInTheirOrder) {
  for (const int i : {1, 2, 3}) EXPECT_TRUE(push(one, static_cast<uint8_t>(i)));
  EXPECT_FALSE(push(one, 4, 101)) << "too long";
  for (const int i : {1, 2, 3}) {
    EXPECT_EQ(ring.front()->bytes[0], i);
    ring.pop();
  }
  EXPECT_FALSE(ring.front());
}

TEST_F(PacketRingTest, NobodyKeepsTheOthersOut) {
  int pushed = 0;
  while (push(one)) ++pushed;
  EXPECT_EQ(pushed, 8);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(push(other));
  EXPECT_FALSE(push(other));
  while (ring.front()) ring.pop();
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(push(one)) << "all of it went";
}

}  // namespace
}  // namespace cuttle
