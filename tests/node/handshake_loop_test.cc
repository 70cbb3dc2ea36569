// The handshakes' thread beside a control thread that does something else: here the test, which is the lanes'
// other threads as well.
#include "node/handshake_loop.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>

#include "../temporary_folder.hh"
#include "link_to_nowhere.hh"

namespace cuttle {
namespace {

class IdleDriver final : public Driver {
 public:
  std::atomic<int> timeouts{0};

  Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& /*links*/) override {
    return std::string();
  }
  std::vector<Result<void>> add(std::span<NodeLink* const> links) override {
    return std::vector<Result<void>>(links.size());
  }
  void remove(std::span<NodeLink* const> /*links*/) override {}
  void handle_timeout(Instant /*now*/) override { ++timeouts; }
};

class HandshakeLoopTest : public ::testing::Test {
 protected:
  // Ends when `done` does, or after ten seconds.
  template <typename Done>
  bool eventually(Done done) {
    const Instant until = clock_.now() + seconds(10);
    while (!done()) {
      if (clock_.now() >= until) return false;
      clock_.sleep_until(clock_.now() + milliseconds(1));
    }
    return true;
  }
  void add(NodeLink& link) {
    NodeLink* const one[] = {&link};
    loop_->add(one, loop_->restores());
  }
  void remove(NodeLink& link) {
    NodeLink* const one[] = {&link};
    loop_->remove(one);
  }

  TwoKeys keys_ = two_keys();
  std::unique_ptr<NodeLink> asking_ = link_to_nowhere(keys_.initiator, keys_.responder);
  std::unique_ptr<NodeLink> answering_ = link_to_nowhere(keys_.responder, keys_.initiator);
  MonotonicClock clock_;
  WakeUp wake_up_ = WakeUp::create().value();
  RestoreWatch restore_watch_;
  IdleDriver driver_;
  std::unique_ptr<HandshakeLoop> loop_ = HandshakeLoop::create(wake_up_, restore_watch_, driver_).value();
};

TEST_F(HandshakeLoopTest, AnswersAtTheUsualInstantWhateverTheControlThreadAsks) {
  CellRing& asked = asking_->lane(0).handshakes_out;
  CellRing& answers = answering_->lane(0).handshakes_out;
  add(*asking_);
  loop_->start(false);
  add(*answering_);
  Instant arrived{};
  const bool answered = eventually([&] {
    if (const auto initiation = asked.front(); initiation && arrived.ns == 0) {
      arrived = clock_.now();
      EXPECT_TRUE(answering_->lane(0).handshakes_in.push(initiation->cell, arrived));
      loop_->wake();
    }
    EXPECT_EQ(answering_->status(clock_.now()).state, "connecting");
    EXPECT_FALSE(asking_->is_up(clock_.now()));
    return answers.front().has_value();
  });
  ASSERT_TRUE(answered);
  const Duration after = answers.front()->stamp - arrived;
  EXPECT_GE(after, kReaction);
  EXPECT_LE(after, kReaction + kArrivalGrid);
  EXPECT_EQ(answers.front()->stamp.ns % kArrivalGrid.ns, 0);
  EXPECT_EQ(answering_->status(clock_.now()).peer_rate_bps, asking_->peer().shape.rate_bps);
}

TEST_F(HandshakeLoopTest, OtherKeysAreUsedFromThenOn) {
  CellRing& asked = asking_->lane(0).handshakes_out;
  add(*asking_);
  loop_->start(false);
  ASSERT_TRUE(eventually([&] { return asked.front().has_value(); }));
  const PublicKey other = key_above(keys_.initiator.public_key());
  EXPECT_FALSE(HandshakeMac(other).verify(asked.front()->cell));
  while (asked.front()) asked.pop();
  asking_->handle_keys({.own = keys_.initiator, .peer = other, .preshared = {}});
  loop_->wake();
  // One that was asked just before may still come.
  EXPECT_TRUE(eventually([&] {
    const auto initiation = asked.front();
    if (!initiation) return false;
    const bool to_other = HandshakeMac(other).verify(initiation->cell);
    asked.pop();
    return to_other;
  }));
}

TEST_F(HandshakeLoopTest, ALinkThatWasTakenOutIsLeftAlone) {
  CellRing& asked = asking_->lane(0).handshakes_out;
  add(*asking_);
  loop_->start(false);
  ASSERT_TRUE(eventually([&] { return asked.front().has_value(); }));
  remove(*asking_);
  while (asked.front()) asked.pop();
  clock_.sleep_until(clock_.now() + kRetry + kTick * 2);
  EXPECT_FALSE(asked.front()) << "it asks on";
}

// What a machine that was restored has drawn, its other life has drawn as well.
TEST_F(HandshakeLoopTest, ALinkMadeBeforeTheMachineWasRestoredDrawsAnew) {
  const uint64_t before = loop_->restores();
  NodeLink* const asking[] = {asking_.get()};
  loop_->handle_restored();
  loop_->add(asking, before);
  const auto order = asking_->lane(0).to_pacer.pop();
  ASSERT_TRUE(order.has_value());
  EXPECT_TRUE(std::holds_alternative<ChangeDraws>(*order));
  add(*answering_);
  EXPECT_FALSE(answering_->lane(0).to_pacer.pop().has_value()) << "it was made after that";
  loop_->handle_restored();
  EXPECT_TRUE(answering_->lane(0).to_pacer.pop().has_value()) << "it was there by then";
}

// Whoever had to wait for the lock would decide by a time that is past.
TEST_F(HandshakeLoopTest, ClocksAreReadUnderItsLock) {
  std::future<uint64_t> other;
  std::atomic<bool> was_read{false};
  const auto read = [&] {
    if (!other.valid()) {
      other = std::async(std::launch::async, [&] { return loop_->restores(); });
      EXPECT_EQ(other.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
      was_read = true;
    }
    return read_clocks();
  };
  loop_ = HandshakeLoop::create(wake_up_, restore_watch_, driver_, read).value();
  loop_->start(false);
  EXPECT_TRUE(eventually([&] { return was_read.load(); }));
  EXPECT_EQ(other.get(), 0u);
  loop_.reset();
}

TEST_F(HandshakeLoopTest, ARestoredMachineSpendsTheBudgetOfItsLadder) {
  const TemporaryFolder folder;
  NodeConfig config;
  config.control_socket = folder.path() / "a.sock";
  config.shape.ladder = ladder::Settings{.rates_bps = {10'000'000, 40'000'000}};
  const auto ladder = NodeLadder::open(config, PublicKey(), wall_clock_ns());
  loop_->set_ladder(*ladder);
  loop_->handle_restored();
  EXPECT_EQ(ladder->status({}).changes_today, ladder->status({}).changes_per_day);
  loop_.reset();
}

TEST_F(HandshakeLoopTest, ItIsSeenWhetherItGoesRound) {
  EXPECT_FALSE(loop_->goes_round(clock_.now() + seconds(10)));
  loop_->start(false);
  EXPECT_TRUE(eventually([&] { return driver_.timeouts > 2; }));
  EXPECT_TRUE(loop_->goes_round(clock_.now()));
}

}  // namespace
}  // namespace cuttle
