// A slot as a driver's thread runs it, on a clock that goes on by as much as the work is said to take.
#include "engine/pacing.hh"

#include <algorithm>

#include "engine/release_queue.hh"
#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

// Each look finds it later by `step`; waiting takes it on to the instant.
class StepClock {
 public:
  StepClock(Instant now, Duration step) : now_(now), step_(step) {}
  Instant now() const { return std::exchange(now_, now_ + step_); }
  void poll_until(Instant when) const {
    waited_until = when;
    now_ = std::max(now_, when);
  }
  mutable std::optional<Instant> waited_until;

 private:
  mutable Instant now_;
  Duration step_;
};

class QueueDouble final : public QueueDevice {
 public:
  uint32_t index() const override { return 42; }
  std::optional<QueueCounts> counts() const override { return std::nullopt; }
};

class PacingTest : public LanePair {
 protected:
  PacingTest() { come_up(); }
  uint64_t sent() const { return a->lane().sender.counters().cells.value(); }
};

TEST_F(PacingTest, ATrainWaitsForItsDeadlineWithDataOrWithout) {
  for (const bool with_data : {false, true}) {
    if (with_data) pack();
    Lane& lane = a->lane();
    const SlotWake wake = wake_for(lane);
    EXPECT_FALSE(wake.by_queue);
    const Instant deadline = lane.sender.deadline();
    EXPECT_EQ(wake.at, deadline - lane.seal_lead.now());
    const uint64_t before = sent();
    const StepClock clock(wake.at, microseconds(1));
    run_slot(lane, wake, 0, clock);
    EXPECT_EQ(clock.waited_until, deadline);
    EXPECT_EQ(sent() - before, plan.cells_per_release());
    EXPECT_EQ(lane.sender.counters().slots_late.value(), 0u);
    EXPECT_GT(lane.sender.deadline(), deadline);
  }
}

TEST_F(PacingTest, TheWaitIsForTheDeadlineWheneverItWokeUp) {
  Lane& lane = a->lane();
  SlotWake wake = wake_for(lane);
  const Instant deadline = lane.sender.deadline();
  wake.at = wake.at - microseconds(3);
  const StepClock clock(wake.at, microseconds(1));
  run_slot(lane, wake, 0, clock);
  EXPECT_EQ(clock.waited_until, deadline);
}

TEST_F(PacingTest, SealingThatTakesLongerBeginsEarlierWithDataOrWithout) {
  Lane& lane = a->lane();
  const Duration before = lane.seal_lead.now();
  run_slot(lane, wake_for(lane), 0, StepClock(wake_for(lane).at, before * 2));
  const Duration of_dummies = lane.seal_lead.now();
  EXPECT_GT(of_dummies, before);
  EXPECT_EQ(lane.sender.counters().sealed_late_dummies.value(), 1u);
  pack();
  run_slot(lane, wake_for(lane), 0, StepClock(wake_for(lane).at, of_dummies * 2));
  EXPECT_GT(lane.seal_lead.now(), of_dummies);
  EXPECT_EQ(lane.sender.counters().sealed_late_payloads.value(), 1u);
}

class PacingByQueueTest : public PacingTest {
 protected:
  PacingByQueueTest() { a->lane().queue = &queue; }

  const QueueDouble device;
  Draws draws{3};
  ReleaseQueue queue{device, *PauseTable::draw(draws, kCellBytes + 42), milliseconds(2)};
};

TEST_F(PacingByQueueTest, AQueueHasTheTrainAsSoonAsItIsSealed) {
  Lane& lane = a->lane();
  const SlotWake wake = wake_for(lane);
  EXPECT_TRUE(wake.by_queue);
  const Instant deadline = lane.sender.deadline();
  EXPECT_EQ(wake.at, deadline - milliseconds(2));
  const Duration lead = lane.seal_lead.now();
  const uint64_t before = sent();
  const StepClock clock(wake.at, microseconds(20));
  run_slot(lane, wake, 0, clock);
  EXPECT_EQ(sent() - before, plan.cells_per_release());
  EXPECT_LT(clock.now(), deadline - milliseconds(1));
  EXPECT_EQ(lane.sender.counters().queue_empty.value(), 0u);
  EXPECT_EQ(lane.seal_lead.now(), lead);
  EXPECT_EQ(lane.sender.counters().slots_late.value(), 0u);
}

TEST_F(PacingByQueueTest, WhichKindOfSlotItIsIsSettledWhenThePacerWakesUp) {
  Lane& lane = a->lane();
  const SlotWake wake = wake_for(lane);
  const BegunSlot slot = begin_slot(lane, wake, 0, wake.at);
  queue.handle_look(ReleaseQueue::Look::gone);
  EXPECT_EQ(handle_sealed(lane, slot, wake.at), wake.at);
  end_slot(lane, slot, wake.at);
  EXPECT_EQ(a->socket->way_out(), 42u);
  EXPECT_FALSE(wake_for(lane).by_queue);
}

// A queue that reads instants, and cells that are scattered over their slots.
class ScatteredTest : public LanePair {
 protected:
  ScatteredTest() : LanePair(0, 0, true) {
    come_up();
    a->lane().queue = &queue;
    // To the beginning of a slot.
    for (Lane& lane = a->lane(); !lane.sender.has_reached({INT64_MIN});) run_one(lane, {});
  }
  // The cell that is next, so long after the pacer's wake-up for it.
  void run_one(Lane& lane, Duration late) {
    const SlotWake wake = wake_for(lane);
    end_slot(lane, begin_slot(lane, wake, 0, wake.at + late), wake.at + late);
  }
  // What the cells of one wake-up carry, so long after it was due.
  std::vector<std::optional<Instant>> hand_over_slot(Duration late) {
    const size_t before = a->socket->all_sent_with().size();
    const SlotWake wake = wake_for(a->lane());
    run_slot(a->lane(), wake, 0, StepClock(wake.at + late, nanoseconds(100)));
    const auto& all = a->socket->all_sent_with();
    return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
  }
  static constexpr Duration kLead = milliseconds(2);

  const QueueDouble device;
  ReleaseQueue queue{device, InstantRules{}, kLead};
};

TEST_F(ScatteredTest, AllCellsOfASlotAreHandedOverAtOnceEachWithItsInstant) {
  a->lane().drawn = std::make_unique<DrawnReleases>(64);
  for (int i = 0; i < 20; ++i) {
    if (i % 2 == 0) pack();
    const Instant first = a->lane().sender.deadline();
    EXPECT_EQ(wake_for(a->lane()).at, first - kLead);
    const auto carried = hand_over_slot(microseconds(10));
    ASSERT_EQ(carried.size(), plan.cells_per_slot) << "one wake-up a slot";
    EXPECT_EQ(carried.front(), first);
    for (const auto& instant : carried) EXPECT_EQ(instant, a->lane().drawn->pop()->drawn);
    EXPECT_TRUE(std::ranges::is_sorted(carried));
    EXPECT_TRUE(a->lane().sender.has_reached({INT64_MIN}));
  }
  EXPECT_EQ(a->lane().sender.counters().queue_empty.value(), 0u);
}

TEST_F(ScatteredTest, OnlyAWakeUpSaysHowLateTheHostIs) {
  ReleaseQueue follows(device, InstantRules{}, std::nullopt);
  a->lane().queue = &follows;
  hand_over_slot({});
  const Duration before = follows.lead();
  hand_over_slot({});
  // Were each cell taken for a wake-up, what is seldom exceeded would be forgotten faster by their number.
  EXPECT_GT(before, follows.lead());
  EXPECT_LT((before - follows.lead()).ns, before.ns / 8192 * 2);
}

TEST_F(ScatteredTest, APauseIsCaughtUpCellByCell) {
  const auto carried = hand_over_slot(kLead + milliseconds(5));
  EXPECT_LT(carried.size(), plan.cells_per_slot) << "what is due later waits for a wake-up of its own";
  int wake_ups = 1;
  Lane& lane = a->lane();
  const Instant began = lane.sender.deadline();
  Instant last = began;
  for (; lane.sender.deadline() - began < milliseconds(30); ++wake_ups) {
    EXPECT_EQ(wake_for(lane).at, lane.sender.deadline() - kLead);
    for (const auto& instant : hand_over_slot({})) {
      EXPECT_GE(*instant, last) << "in their order";
      last = *instant;
    }
  }
  EXPECT_EQ(lane.sender.counters().slots_missed.value(), 0u);
  EXPECT_EQ(hand_over_slot({}).size(), plan.cells_per_slot) << "and then slot by slot again";
}

TEST_F(ScatteredTest, WhereTheThreadReleasesEachCellHasItsWait) {
  queue.handle_look(ReleaseQueue::Look::gone);
  const size_t before = a->socket->all_sent_with().size();
  const Instant deadline = a->lane().sender.deadline();
  const SlotWake wake = wake_for(a->lane());
  const StepClock clock(wake.at, nanoseconds(100));
  run_slot(a->lane(), wake, 0, clock);
  EXPECT_EQ(clock.waited_until, deadline);
  EXPECT_EQ(a->socket->all_sent_with().size(), before + 1);
}

}  // namespace
}  // namespace cuttle::testing
