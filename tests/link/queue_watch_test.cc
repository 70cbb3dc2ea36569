// A clock and its queue that part, against a model of the queue: they find together again, and what is said
// of that is so.
#include "link/queue_watch.hh"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.hh"
#include "bucket.hh"

namespace cuttle {
namespace {

using State = QueueWatch::State;
constexpr Duration kGap = milliseconds(1);
constexpr Duration kLead = microseconds(400);

PauseTable table_of(uint64_t seed) {
  Draws draws(seed);
  return *PauseTable::draw(draws, 1472 + 42);
}

class QueueWatchTest : public ::testing::Test {
 protected:
  // A train; returns by how much later than meant it left. Cells go round the queue where `is_passed_by`, and
  // nothing comes out of it where `is_cut`.
  Duration release() {
    instant_ = instant_ + kGap / 2 + Duration{static_cast<int64_t>(random_.below(1'000'000))};
    const Instant now = instant_ - kLead;
    while (!under_way_.empty() && under_way_.front().passes <= now) {
      counts_.passed += 1;
      counts_.last_late = under_way_.front().passes - under_way_.front().due + clocks_apart_;
      if (counts_.last_late.ns < -QueueWatch::kEarly.ns) counts_.early += 1;
      under_way_.pop_front();
    }
    if (fresh_) {
      clock_.handle_fresh(now);
      watch_.handle_fresh(now, State::in_step);
      fresh_ = false;
    } else if (watch_.handle_counts(now, counts_)) {
      clock_.handle_fresh(now);
      ++resets_;
    }
    clock_.handle_delay(watch_.poll_delay());
    clock_.handle_time(now);
    clock_.handle_instant(instant_);
    while (const auto level = clock_.poll_pause(instant_)) {
      const Instant ends = clock_.end() + clock_.table().length(*level);
      const bool stamped =
          instant_ - ends < clock_.table().length(0) && watch_.wants_stamps(now) && !clock_.is_delayed();
      if (stamped) watch_.handle_stamped(now);
      if (!is_cut_ && !is_passed_by_) {
        const Instant passes = bucket_.put(clock_.table().length(*level), now);
        if (stamped) under_way_.push_back({ends, passes});
      }
      clock_.handle_pause(*level);
    }
    clock_.handle_train(1);
    if (is_passed_by_) return now - instant_;
    if (is_cut_) return Duration{};
    return bucket_.put(QueueClock::kPacketCost, now) - instant_;
  }
  void release(int trains) {
    for (int i = 0; i < trains; ++i) release();
  }
  void expect_on_time(int trains) {
    for (int i = 0; i < trains; ++i) {
      const Duration late = release();
      ASSERT_GE(late, Duration{} - clock_.table().length(0)) << i;
      ASSERT_LE(late, QueueWatch::kMaxDelay) << i;
    }
  }

  struct UnderWay {
    Instant due;
    Instant passes;
  };
  Random random_{7};
  QueueClock clock_{table_of(1)};
  QueueWatch watch_;
  Bucket bucket_;
  QueueCounts counts_;
  std::deque<UnderWay> under_way_;
  Instant instant_{1'000'000'000};
  bool fresh_ = true;
  Duration clocks_apart_{};  // of who stamps pauses and who lets them pass
  bool is_cut_ = false;
  bool is_passed_by_ = false;
  int resets_ = 0;
};

TEST_F(QueueWatchTest, SaysNothingOfAQueueThatKeepsTime) {
  expect_on_time(100'000);
  EXPECT_EQ(watch_.state(), State::in_step);
  EXPECT_EQ(resets_, 0);
}

TEST_F(QueueWatchTest, AResetIsNoticedAtTheNextTrainsAndMadeUpFor) {
  expect_on_time(1000);
  for (int round = 1; round <= 20; ++round) {
    is_cut_ = true;
    release(30);  // the carrier is away
    is_cut_ = false;
    bucket_.reset(instant_);
    under_way_.clear();
    release(3);
    EXPECT_EQ(resets_, round);
    EXPECT_EQ(watch_.state(), State::settling);
    release(1500);
    EXPECT_EQ(watch_.state(), State::in_step);
    expect_on_time(1000);
    EXPECT_EQ(resets_, round);
  }
}

TEST_F(QueueWatchTest, AResetWhileItSettlesIsNoticedToo) {
  expect_on_time(1000);
  for (int i = 0; i < 10; ++i) {
    bucket_.reset(instant_);
    under_way_.clear();
    release(100);
  }
  EXPECT_EQ(watch_.state(), State::settling);
  release(2500);
  EXPECT_EQ(watch_.state(), State::in_step);
  expect_on_time(1000);
}

// The bucket was thought to be full, and was not: all that follows would be late by that for ever.
TEST_F(QueueWatchTest, ADelayIsMadeUpFor) {
  for (const int64_t delay_ms : {1, 20, 140}) {
    expect_on_time(1000);
    fresh_ = true;
    bucket_ = Bucket();
    bucket_.put(milliseconds(delay_ms), instant_ - kLead);
    release(2500);
    EXPECT_EQ(watch_.state(), State::in_step) << delay_ms;
  }
  expect_on_time(1000);
  EXPECT_EQ(resets_, 0);
}

// In a time namespace that changed under the agent, say.
TEST_F(QueueWatchTest, StampsOfAnotherClockAreNotBelieved) {
  release(500);
  EXPECT_EQ(watch_.state(), State::in_step);
  watch_.handle_fresh(instant_, State::settling);
  clocks_apart_ = seconds(1000);
  release(2000);
  EXPECT_EQ(watch_.state(), State::stalled);
  EXPECT_FALSE(clock_.is_delayed());
}

TEST_F(QueueWatchTest, AQueueThatNothingComesThroughIsSaidToBeNone) {
  for (const bool is_cut : {true, false}) {
    release(1000);
    ASSERT_EQ(watch_.state(), State::in_step);
    (is_cut ? is_cut_ : is_passed_by_) = true;
    release(600);
    EXPECT_EQ(watch_.state(), State::stalled);
    is_cut_ = is_passed_by_ = false;
    // Tried again.
    bucket_.reset(instant_);
    under_way_.clear();
    clock_.handle_fresh(instant_);
    watch_.handle_fresh(instant_, State::settling);
    release(1000);
    EXPECT_EQ(watch_.state(), State::in_step);
  }
}

}  // namespace
}  // namespace cuttle
