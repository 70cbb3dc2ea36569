// A slot as a driver's thread runs it, on a clock that goes on by as much as the work is said to take.
#include "engine/pacing.hh"

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

  void pack() {
    a->device->put(packet_of(3000, "10.0.0.1", "10.0.0.2"));
    a->packer_stage.pack(a->lane(), {}, 64);
  }
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

}  // namespace
}  // namespace cuttle::testing
