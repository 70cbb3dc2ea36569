// The ladder of an agent: what of its budget is spent outlives it.
#include "node/node_ladder.hh"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>

#include "../temporary_folder.hh"
#include "config/parse.hh"

namespace cuttle {
namespace {

class NodeLadderTest : public testing::Test {
 protected:
  static constexpr uint64_t kSecond_ns = 1'000'000'000;

  NodeLadderTest() {
    ParsedConfig parsed = parse_config(
        "[node]\nname = \"a\"\nprivate_key_file = \"a.key\"\nlisten = "
        "\"10.0.0.1:4410\"\n[shape.ladder]\nrates = "
        "[\"10 Mb/s\", \"40 Mb/s\"]\nlower_after = \"10 s\"\n[mesh]\npeers = \"p\"\n",
        "");
    EXPECT_FALSE(parsed.problems.has_errors());
    config_ = parsed.config;
    config_.control_socket = folder_.path() / "a.sock";
  }
  std::unique_ptr<NodeLadder> open() const { return NodeLadder::open(config_, PublicKey(), wall_ns_); }
  ClockReadings clocks() const {
    return {.monotonic = now_, .boot_time = now_, .wall_clock = {static_cast<int64_t>(wall_ns_)}};
  }
  void run(NodeLadder& ladder, uint64_t time_s) {
    for (uint64_t i = 0; i < 10 * time_s; ++i) {
      wall_ns_ += kSecond_ns / 10;
      now_ = now_ + milliseconds(100);
      ladder.handle_time([this] { return clocks(); }, {});
    }
  }

  TemporaryFolder folder_;
  NodeConfig config_;
  Instant now_{};
  uint64_t wall_ns_ = 20'000 * uint64_t{ladder::kDay_s} * kSecond_ns;
};

TEST_F(NodeLadderTest, ARestartIsAChangeAndTheOthersStaySpent) {
  auto first = open();
  EXPECT_EQ(first->told_step(), 1u);
  run(*first, 100);
  EXPECT_EQ(first->told_step(), 0u);
  EXPECT_EQ(first->status({}).changes_today, 1u);
  EXPECT_EQ(first->status({}).coordinator, "this node");
  EXPECT_NEAR(static_cast<double>(first->status({}).told_millibits), 13'077, 1);
  first.reset();
  auto second = open();
  EXPECT_EQ(second->told_step(), 1u);
  EXPECT_EQ(second->status({}).changes_today, 2u);
  run(*second, 1);
  second.reset();
  auto third = open();
  EXPECT_EQ(third->status({}).changes_today, 2u) << "from the top to the top";
  wall_ns_ += uint64_t{ladder::kDay_s} * kSecond_ns;
  EXPECT_EQ(open()->status({}).changes_today, 0u);
}

// Between two of its words the process, or the machine, may end.
TEST_F(NodeLadderTest, AFileThatWasNotWrittenToItsEndLeavesNothingOfTheDay) {
  open().reset();
  {
    std::fstream file(ladder_file(config_), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0);
    file.put('\x55');
  }
  const auto second = open();
  EXPECT_EQ(second->status({}).changes_today, second->status({}).changes_per_day);
  wall_ns_ += uint64_t{ladder::kDay_s} * kSecond_ns;
  run(*second, 1);
  EXPECT_EQ(second->status({}).changes_today, 0u) << "the next day is whole";
}

TEST_F(NodeLadderTest, OfAMachineThatWasSetBackNothingIsLeftAfterARestartEither) {
  auto first = open();
  run(*first, 100);
  ASSERT_EQ(first->told_step(), 0u);
  first->handle_restored();
  first.reset();
  const auto second = open();
  EXPECT_EQ(second->status({}).changes_today, second->status({}).changes_per_day);
  run(*second, 100);
  EXPECT_EQ(second->told_step(), 1u);
}

class YieldingNodeLadderTest : public NodeLadderTest {
 protected:
  YieldingNodeLadderTest() { config_.shape.ladder->yields = true; }
  // As an earlier life left it: the last word.
  void leave(uint64_t word, uint64_t changes = 2) const {
    auto file = LastingWords::open(ladder_file(config_));
    ASSERT_TRUE(file);
    file->store({20'000, changes, word});
  }
};

TEST_F(YieldingNodeLadderTest, ARestartGoesOnWhereItWasAndIsNoChange) {
  auto first = open();
  EXPECT_EQ(first->status({}).yields->ceiling, 1u);
  run(*first, 100);
  ASSERT_EQ(first->told_step(), 0u) << "nothing is needed";
  first.reset();
  const auto second = open();
  EXPECT_EQ(second->told_step(), 0u);
  EXPECT_EQ(second->status({}).changes_today, 1u);
  EXPECT_EQ(second->status({}).yields->ceiling, 1u);
  EXPECT_FALSE(second->status({}).yields->is_cut);
}

TEST_F(YieldingNodeLadderTest, ACutOutlivesTheAgentUntilMidnight) {
  leave(0 | 1 << 8 | 1 << 16);
  const auto ladder = open();
  run(*ladder, 100);
  EXPECT_EQ(ladder->told_step(), 0u);
  EXPECT_TRUE(ladder->status({}).yields->is_cut);
  EXPECT_EQ(ladder->status({}).yields->ceiling, 0u);
  EXPECT_EQ(ladder->status({}).yields->why_cut, "before the agent started");
  wall_ns_ += uint64_t{ladder::kDay_s} * kSecond_ns;
  run(*ladder, 100);
  EXPECT_FALSE(ladder->status({}).yields->is_cut);
  EXPECT_EQ(ladder->status({}).yields->why_cut, "");
}

// A file of a ladder that did not yield, or of nonsense.
TEST_F(YieldingNodeLadderTest, AWordWithoutACeilingHasNone) {
  leave(0);
  EXPECT_EQ(open()->told_step(), 0u);
  EXPECT_EQ(open()->status({}).yields->ceiling, 1u);
  leave(UINT64_MAX);
  EXPECT_EQ(open()->told_step(), 1u);
  EXPECT_EQ(open()->status({}).changes_today, 3u) << "the way to the top";
}

TEST_F(YieldingNodeLadderTest, WhereItCannotBeKeptTheLowestIsTheOnlyStep) {
  config_.control_socket = folder_.path() / "none/a.sock";
  const auto ladder = open();
  run(*ladder, 300);
  EXPECT_EQ(ladder->told_step(), 0u);
  EXPECT_EQ(ladder->status({}).yields->why_cut, "the budget cannot be kept over a restart");
}

// Whoever had to wait for the lock would decide by a time that is past.
TEST_F(NodeLadderTest, ClocksAreReadUnderItsLock) {
  const auto ladder = open();
  std::future<uint32_t> other;
  const auto read = [&] {
    other = std::async(std::launch::async, [&] { return ladder->told_step(); });
    EXPECT_EQ(other.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    return clocks();
  };
  ladder->handle_time(read, {});
  EXPECT_EQ(other.get(), 1u);
}

TEST_F(NodeLadderTest, WhereItCannotBeKeptTheTopIsTheOnlyStep) {
  config_.control_socket = folder_.path() / "none/a.sock";
  const auto ladder = open();
  run(*ladder, 300);
  EXPECT_EQ(ladder->told_step(), 1u);
  EXPECT_EQ(ladder->status({}).changes_today, ladder->status({}).changes_per_day);
}

}  // namespace
}  // namespace cuttle
