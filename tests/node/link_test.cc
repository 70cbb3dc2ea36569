// One link as the control thread sees it, without threads or network.
#include "node/link.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <utility>

#include "config/parse.hh"
#include "door_to_nowhere.hh"
#include "node/assemble.hh"

namespace cuttle {
namespace {

PrivateKey key_of(uint8_t number) {
  std::array<uint8_t, kKeySize> bytes{};
  bytes[1] = number;
  return PrivateKey::from_random(bytes);
}

// Its pacer does not run, so nobody takes what is to be sent.
TEST(NodeLink, CountsTheHandshakesThatCannotBeHandedOver) {
  PrivateKey own = key_of(1);
  PrivateKey peer = key_of(2);
  if (peer.public_key() < own.public_key()) std::swap(own, peer);  // so that it initiates
  const ParsedConfig parsed = parse_config(
      fmt::format("[node]\nname = \"a\"\nprivate_key_file = \"a.key\"\nlisten = \"10.0.0.1:4410\"\n"
                  "[[peer]]\nname = \"b\"\npublic_key = \"{}\"\nendpoint = \"10.0.0.2:4410\"\n"
                  "redirect = [\"10.0.0.2\"]\n",
                  peer.public_key().text()),
      "");
  ASSERT_FALSE(parsed.problems.has_errors());
  const NodeConfig& config = parsed.config;
  const NodeKeys keys{own, {PresharedKey::from_random(std::array<uint8_t, kKeySize>{})}};
  auto link = assemble_link({config, keys, AeadBackend::openssl, nullptr}, 0, [](size_t /*peer*/) {
    std::vector<LaneDoor> lanes;
    lanes.push_back(door_to_nowhere());
    return Result<std::vector<LaneDoor>>(std::move(lanes));
  });
  ASSERT_TRUE(link) << link.error().message;
  constexpr uint64_t kAsked = 20;
  Instant now = MonotonicClock().now();
  for (uint64_t i = 0; i < kAsked; ++i) {
    (*link)->handle_control(now, 1'000'000'000 + i);
    now = now + kRetry + kTick;
  }
  uint64_t waiting = 0;
  CellRing& ring = (*link)->lane(0).handshakes_out;
  for (; ring.front(); ring.pop()) ++waiting;
  EXPECT_GT(waiting, 0U);
  EXPECT_LT(waiting, kAsked);
  EXPECT_EQ((*link)->status(now).drops.at("handshake_unsent"), kAsked - waiting);
}

}  // namespace
}  // namespace cuttle
