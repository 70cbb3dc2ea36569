// Commands to a thread that is slow to take them: none is lost, and none overtakes another.
#include "engine/outbox.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

TEST(Outbox, WhatTheRingHasNoRoomForComesLaterAndInOrder) {
  Ring<int> ring(4);
  Outbox<int> outbox(ring);
  for (int i = 0; i < 11; ++i) outbox.handle_command(i);
  EXPECT_FALSE(outbox.handle_waiting());  // nobody took anything
  int expected = 0;
  while (const auto got = ring.pop()) {
    EXPECT_EQ(*got, expected++);
    outbox.handle_waiting();
  }
  EXPECT_EQ(expected, 11);
  EXPECT_FALSE(outbox.handle_waiting());
}

}  // namespace
}  // namespace cuttle
