#include "node/joining_since.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

constexpr Instant kStart{1'000'000'000};

NodeConfig with(const std::vector<std::string>& names) {
  NodeConfig config;
  for (const std::string& name : names) {
    PeerConfig peer;
    peer.name = name;
    peer.joining = true;
    peer.joining_limit = seconds(10);
    config.peers.push_back(peer);
  }
  return config;
}

TEST(JoiningSince, EndsItsTimeAfterTheStart) {
  const NodeConfig config = with({"a"});
  const JoiningSince since(config, kStart);
  EXPECT_FALSE(since.is_over(config.peers[0], kStart + milliseconds(9999)));
  EXPECT_TRUE(since.is_over(config.peers[0], kStart + seconds(10)));
  PeerConfig endless = config.peers[0];
  endless.joining_limit.reset();
  EXPECT_FALSE(since.is_over(endless, kStart + seconds(1'000'000)));
}

// Its interface's name is somebody else's, say: without a link it would stay open for good.
TEST(JoiningSince, EndsItsTimeWithoutALink) {
  const NodeConfig config = with({"closed", "up", "left-out", "b"});
  JoiningSince since(config, kStart);
  const std::vector<bool> open{false, true, true, true};
  const auto only_up = [](size_t i) { return i <= 1; };
  using Places = std::vector<size_t>;
  EXPECT_EQ(since.due(config, open, only_up, kStart + seconds(9)), Places{1});
  EXPECT_EQ(since.due(config, open, only_up, kStart + seconds(10)), (Places{1, 2, 3}));
}

// A member of a mesh that changes its entry all the time has every host reload all the time.
TEST(JoiningSince, WhatChangesOfOthersGivesNobodyMoreTime) {
  const NodeConfig one = with({"a"});
  const NodeConfig two = with({"b", "a"});
  JoiningSince since(one, kStart);
  for (int second = 1; second < 10; ++second)
    since.handle_change(second % 2 == 0 ? one : two, kStart + seconds(second));
  EXPECT_TRUE(since.is_over(one.peers[0], kStart + seconds(10)));
  EXPECT_FALSE(since.is_over(two.peers[0], kStart + seconds(10))) << "it came after nine";
  EXPECT_TRUE(since.is_over(two.peers[0], kStart + seconds(19)));
  // One that is gone begins anew.
  since.handle_change(with({"b"}), kStart + seconds(20));
  since.handle_change(two, kStart + seconds(21));
  EXPECT_FALSE(since.is_over(one.peers[0], kStart + seconds(30)));
}

}  // namespace
}  // namespace cuttle
