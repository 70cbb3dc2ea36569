// Trains through a queue that keeps time, and whose turn it is.
#include "engine/release_queue.hh"

#include "engine/paced_lanes.hh"
#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

class QueueDouble final : public QueueDevice {
 public:
  uint32_t index() const override { return 42; }
  std::optional<QueueCounts> counts() const override { return counted; }
  QueueCounts counted;
};

class ReleaseQueueTest : public LanePair {
 protected:
  ReleaseQueueTest() {
    Draws draws(3);
    auto table = PauseTable::draw(draws, kCellBytes + 42);
    EXPECT_TRUE(table);
    queue.emplace(device, std::move(*table), std::nullopt);
    come_up();
    a->lane().queue = &*queue;
  }
  // The pauses of one slot, whose train is handed over so long ahead.
  size_t hand_over_slot(Duration ahead) {
    const size_t before = a->socket->pauses().size();
    Lane& lane = a->lane();
    const SlotWake wake{lane.sender.deadline() - ahead, true};
    end_slot(lane, begin_slot(lane, wake, 0, wake.at), wake.at);
    return a->socket->pauses().size() - before;
  }

  QueueDouble device;
  std::optional<ReleaseQueue> queue;
};

TEST_F(ReleaseQueueTest, PausesGoAheadOfATrain) {
  EXPECT_TRUE(goes_by_queue(a->lane()));
  EXPECT_GT(hand_over_slot(milliseconds(1)), 0u);
  EXPECT_GT(hand_over_slot(milliseconds(1)), 0u);
  EXPECT_EQ(a->socket->way_out(), 42u);
  EXPECT_EQ(a->lane().sender.counters().queue_empty.value(), 0u);
  hand_over_slot(Duration{} - milliseconds(1));
  EXPECT_EQ(a->lane().sender.counters().queue_empty.value(), 1u);
}

TEST_F(ReleaseQueueTest, AQueueThatReadsInstantsGetsThemAndNoPauses) {
  ReleaseQueue reads(device, InstantRules{}, milliseconds(3));
  a->lane().queue = &reads;
  EXPECT_TRUE(goes_by_queue(a->lane()));
  EXPECT_EQ(wake_for(a->lane()).at, a->lane().sender.deadline() - milliseconds(3));
  for (int i = 0; i < 3; ++i) {
    const Instant deadline = a->lane().sender.deadline();
    const uint64_t cells = a->lane().sender.counters().cells.value();
    EXPECT_EQ(hand_over_slot(milliseconds(3)), 0u);
    EXPECT_EQ(a->socket->sent_with(), deadline);
    EXPECT_GT(a->lane().sender.counters().cells.value(), cells);
  }
  EXPECT_EQ(a->socket->way_out(), 0u);
  // An instant that is over: the queue lets it go at once, and it counts as late.
  hand_over_slot(Duration{} - milliseconds(1));
  EXPECT_EQ(a->lane().sender.counters().queue_empty.value(), 1u);
  reads.handle_look(ReleaseQueue::Look::gone);
  slot(*a);
  EXPECT_FALSE(a->socket->sent_with()) << "the thread sends when it is time";
  reads.handle_look(ReleaseQueue::Look::as_before);
  EXPECT_TRUE(goes_by_queue(a->lane()));
}

TEST_F(ReleaseQueueTest, WhatEtfDropsIsSentAgainAndTheThreadReleasesUntilTheNextLook) {
  ReleaseQueue etf(device, {InstantQueueKind::etf, milliseconds(10), 3}, milliseconds(3));
  a->lane().queue = &etf;
  hand_over_slot(milliseconds(3));
  EXPECT_TRUE(etf.is_on());
  a->socket->handle_dropped(2);
  hand_over_slot(milliseconds(3));
  EXPECT_EQ(etf.sent_again(), 2u);
  EXPECT_EQ(etf.resets(), 1u);
  EXPECT_FALSE(goes_by_queue(a->lane()));
  // What comes back only while the thread releases is sent as well.
  a->socket->handle_dropped(1);
  slot(*a);
  EXPECT_EQ(etf.sent_again(), 3u);
  EXPECT_EQ(etf.resets(), 1u);
  etf.handle_look(ReleaseQueue::Look::as_before);
  ASSERT_TRUE(goes_by_queue(a->lane()));
  EXPECT_NE(etf.step(), QueueWatch::State::in_step) << "nothing has come through yet";
  hand_over_slot(milliseconds(3));
  hand_over_slot(milliseconds(3));
  EXPECT_EQ(etf.step(), QueueWatch::State::in_step);
  EXPECT_EQ(etf.sent_again(), 3u);
}

TEST_F(ReleaseQueueTest, ACardNeedsATrainBeforeItsDelta) {
  const InstantRules card{InstantQueueKind::etf_of_card, milliseconds(1), 3};
  ReleaseQueue fixed(device, card, milliseconds(3));
  EXPECT_EQ(fixed.lead(), milliseconds(3));
  EXPECT_EQ(ReleaseQueue(device, card, std::nullopt).lead(), Lead::kAtFirst + card.notice());
  a->lane().queue = &fixed;
  SenderCounters& counters = a->lane().sender.counters();
  hand_over_slot(milliseconds(2));
  EXPECT_EQ(counters.queue_empty.value(), 0u);
  // Too late for its instant by that: as soon as etf takes it, and the slot counts as released then.
  const Instant deadline = a->lane().sender.deadline();
  hand_over_slot(card.delta);
  EXPECT_EQ(counters.queue_empty.value(), 1u);
  EXPECT_EQ(a->socket->sent_with(), deadline + (card.notice() - card.delta));
}

TEST_F(ReleaseQueueTest, WhereItIsGoneTheThreadReleases) {
  queue->handle_look(ReleaseQueue::Look::gone);
  EXPECT_FALSE(goes_by_queue(a->lane()));
  EXPECT_EQ(wake_for(a->lane()).at, a->lane().sender.deadline() - a->lane().seal_lead.now());
  slot(*a);
  EXPECT_EQ(a->socket->way_out(), 0u);
  queue->handle_look(ReleaseQueue::Look::anew);
  EXPECT_TRUE(goes_by_queue(a->lane()));
}

TEST_F(ReleaseQueueTest, KnowsWhetherCellsAreTaken) {
  EXPECT_FALSE(queue->takes_nothing());
  a->socket->refuse_after(0);
  hand_over_slot(milliseconds(1));
  EXPECT_TRUE(queue->takes_nothing());
}

TEST_F(ReleaseQueueTest, AResetIsSeenAndCounted) {
  for (int i = 0; i < 1000; ++i) {
    if (!a->socket->pauses().empty() && a->socket->pauses().back().due) ++device.counted.passed;
    hand_over_slot(milliseconds(1));
  }
  EXPECT_EQ(queue->step(), QueueWatch::State::in_step);
  ++device.counted.passed;
  ++device.counted.early;
  hand_over_slot(milliseconds(1));
  EXPECT_EQ(queue->step(), QueueWatch::State::settling);
  EXPECT_EQ(queue->resets(), 1u);
}

TEST_F(ReleaseQueueTest, TheEarliestLaneIsNext) {
  PacedLanes lanes(2);
  lanes.handle_join(a->lane(), now);
  lanes.handle_join(b->lane(), now);
  Instant last{};
  int turns[2] = {};
  for (int i = 0; i < 100; ++i) {
    Lane& lane = *lanes.next().lane;
    EXPECT_GE(lane.sender.deadline(), last);
    last = lane.sender.deadline();
    ++turns[&lane == &a->lane() ? 0 : 1];
    lane.sender.handle_released(last);
    lanes.handle_released();
  }
  EXPECT_NEAR(turns[0], 50, 1);
  EXPECT_NEAR(turns[1], 50, 1);
  lanes.handle_leave(a->lane());
  EXPECT_EQ(lanes.next().lane, &b->lane());
  lanes.handle_leave(b->lane());
  EXPECT_TRUE(lanes.empty());
}

}  // namespace
}  // namespace cuttle::testing
