// One link as the handshakes' thread sees it, without threads or network.
#include "node/link.hh"

#include <gtest/gtest.h>

#include "link_to_nowhere.hh"

namespace cuttle {
namespace {

// Its pacer does not run, so nobody takes what is to be sent.
TEST(NodeLink, CountsTheHandshakesThatCannotBeHandedOver) {
  const TwoKeys keys = two_keys();
  const auto link = link_to_nowhere(keys.initiator, keys.responder);
  constexpr uint64_t kAsked = 20;
  Instant now = MonotonicClock().now();
  for (uint64_t i = 0; i < kAsked; ++i) {
    link->handle_handshakes(now, 1'000'000'000 + i);
    now = now + kRetry + kTick;
  }
  uint64_t waiting = 0;
  CellRing& ring = link->lane(0).handshakes_out;
  for (; ring.front(); ring.pop()) ++waiting;
  EXPECT_GT(waiting, 0U);
  EXPECT_LT(waiting, kAsked);
  EXPECT_EQ(link->status(now).drops.at("handshake_unsent"), kAsked - waiting);
}

}  // namespace
}  // namespace cuttle
