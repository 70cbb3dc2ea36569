// When sealing begins: never later than measured at the start, earlier while it takes longer, within bounds.
#include "link/seal_lead.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

TEST(SealLead, IsHalfAsMuchAgainAsMeasured) {
  EXPECT_EQ(SealLead(microseconds(4)).now(), microseconds(6));
  EXPECT_EQ(SealLead().now(), Duration{});
}

TEST(SealLead, FollowsTrainsThatTakeLongerAtOnceAndForgetsThemSlowly) {
  SealLead lead(microseconds(4));
  lead.handle_sealed(microseconds(8));
  EXPECT_EQ(lead.now(), microseconds(10));
  for (int i = 0; i < 100; ++i) lead.handle_sealed(microseconds(4));
  EXPECT_GT(lead.now(), microseconds(9));
  for (int i = 0; i < 100'000; ++i) lead.handle_sealed(microseconds(4));
  EXPECT_LT(lead.now(), microseconds(7));
  EXPECT_GE(lead.now(), microseconds(6));
  EXPECT_EQ(lead.at_start(), microseconds(6));
}

TEST(SealLead, OneTrainThatWasInterruptedDoesNotMakeThePacerPollForLong) {
  SealLead lead(microseconds(4));
  lead.handle_sealed(milliseconds(5));
  EXPECT_EQ(lead.now(), microseconds(24));
}

}  // namespace
}  // namespace cuttle
