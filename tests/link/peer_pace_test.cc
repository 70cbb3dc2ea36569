// Cells that come earlier than their numbers allow.
#include "link/peer_pace.hh"

#include <gtest/gtest.h>

#include "base/random.hh"

namespace cuttle {
namespace {

constexpr Duration kInterval = microseconds(65);  // what is believed
constexpr Duration kReal = microseconds(66);

class PeerPaceTest : public testing::Test {
 protected:
  // Cells for so long, each so much later than it left. How many ran ahead.
  int send(Duration time, Duration delay = {}) {
    int ahead = 0;
    for (const Instant end = sent_ + time; sent_ < end; sent_ = sent_ + kReal) {
      ahead += pace_.handle_cell(sent_ + delay + offset_, Sequence{++sequence_});
    }
    return ahead;
  }
  void lose(Duration time) {
    sequence_ += static_cast<uint32_t>(time.ns / kReal.ns);
    sent_ = sent_ + time;
  }

  PeerPace pace_{PeerTimes{kInterval, milliseconds(1)}};
  Instant sent_ = Instant{} + seconds(1000);
  Duration offset_{};  // of this node's clock
  uint32_t sequence_ = 0;
};

TEST_F(PeerPaceTest, ACleanNetworkIsNotAhead) {
  EXPECT_EQ(send(seconds(30)), 0);
}

TEST_F(PeerPaceTest, LossDelayAndOutagesAreNot) {
  EXPECT_EQ(send(seconds(5)), 0);
  lose(seconds(1));
  EXPECT_EQ(send(seconds(3)), 0);
  lose(seconds(20));
  EXPECT_EQ(send(seconds(1)), 0);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(send(milliseconds(100), milliseconds(400)), 0);
    EXPECT_EQ(send(milliseconds(100)), 0);
  }
  // Held back as long as a queue lasts, and then all at once.
  EXPECT_EQ(send(seconds(1), milliseconds(1000)), 0);
  EXPECT_EQ(send(seconds(3)), 0);
}

TEST_F(PeerPaceTest, APeerThatPausesIsNot) {
  EXPECT_EQ(send(seconds(3)), 0);
  sent_ = sent_ + seconds(7);
  EXPECT_EQ(send(seconds(3)), 0);
}

TEST_F(PeerPaceTest, AClockThatWasSetBackIsSeenByTheFirstCell) {
  for (const Duration back : {milliseconds(700), seconds(8), seconds(100)}) {
    pace_ = PeerPace(PeerTimes{kInterval, milliseconds(1)});
    EXPECT_EQ(send(seconds(5)), 0);
    const Duration before = offset_;
    offset_ = offset_ - back;
    EXPECT_TRUE(pace_.handle_cell(sent_ + offset_, Sequence{++sequence_})) << back.ns;
    EXPECT_EQ(send(seconds(5)), 0) << "once";
    offset_ = before;
  }
}

// Cells of the life before, lost on the way to this one.
TEST_F(PeerPaceTest, OneThatStoodStillIsSeen) {
  EXPECT_EQ(send(seconds(5)), 0);
  offset_ = offset_ - seconds(2);
  lose(seconds(2));
  EXPECT_EQ(send(seconds(1)), 1);
}

// A cell may leave at any instant of its slot, and a path delays it by more and by less.
TEST_F(PeerPaceTest, DrawnInstantsOfLongSlotsAreNot) {
  Random random(7);
  for (const Duration slot : {milliseconds(700), milliseconds(990), seconds(1)}) {
    PeerPace pace(PeerTimes{slot - milliseconds(1), slot});
    Instant start = Instant{} + seconds(100);
    for (uint32_t number = 1; number <= 20'000; ++number, start = start + slot) {
      const Duration drawn{static_cast<int64_t>(random.below(static_cast<uint64_t>(slot.ns)))};
      const Duration path = microseconds(static_cast<int64_t>(random.below(20'000)));
      ASSERT_FALSE(pace.handle_cell(start + drawn + path, Sequence{number})) << slot.ns << " " << number;
    }
    EXPECT_TRUE(pace.handle_cell(start - seconds(20), Sequence{20'001}));
  }
}

TEST_F(PeerPaceTest, WithoutARateNothingIsAhead) {
  for (const Duration interval : {Duration{}, seconds(2)}) {
    pace_ = PeerPace(PeerTimes{interval, milliseconds(1)});
    EXPECT_EQ(send(seconds(1)), 0);
    offset_ = offset_ - seconds(10);
    EXPECT_EQ(send(seconds(1)), 0);
  }
}

}  // namespace
}  // namespace cuttle
