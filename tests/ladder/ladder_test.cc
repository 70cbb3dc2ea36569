// A ladder of rates with a budget of bits: how many schedules there are, whatever is needed and whatever is
// said.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "ladder/coordinator.hh"

namespace cuttle::ladder {
namespace {

using Schedule = std::vector<uint32_t>;

uint32_t changes_in(const Schedule& schedule, uint32_t begin) {
  uint32_t changes = 0;
  for (const uint32_t step : schedule) changes += step != std::exchange(begin, step) ? 1 : 0;
  return changes;
}

// Steps of the epochs of a day that begins at the bottom; `said(i)` for each.
template <typename Said>
Schedule day_of(const LadderShape& shape, Said said) {
  const Epoch first = Epoch{shape.epochs_per_day} * 7;
  StepKeeper keeper(shape, first - 2);
  keeper.handle_said(first - 1, 0);
  keeper.handle_epoch(first - 1);
  Schedule schedule;
  for (uint32_t i = 0; i < shape.epochs_per_day; ++i) {
    said(keeper, first + i, i);
    schedule.push_back(keeper.handle_epoch(first + i));
  }
  return schedule;
}

// All that can be said, one after the other: every schedule there is, counted.
TEST(Ladder, NoMoreSchedulesThanTheBudgetHasRoomFor) {
  for (const uint32_t rates : {2u, 3u}) {
    for (const uint32_t changes : {0u, 1u, 2u, 3u}) {
      const LadderShape shape{7, rates, changes};
      std::set<Schedule> seen;
      const auto all = static_cast<uint32_t>(std::pow(rates, shape.epochs_per_day));
      for (uint32_t number = 0; number < all; ++number) {
        uint32_t rest = number;
        seen.insert(day_of(shape, [&](StepKeeper& keeper, Epoch epoch, uint32_t) {
          keeper.handle_said(epoch, rest % rates);
          rest /= rates;
        }));
      }
      EXPECT_LE(std::log2(seen.size()), bits_of({shape.epochs_per_day, rates}, changes) + 1e-9)
          << rates << " rates, " << changes << " changes: " << seen.size();
      if (changes == 0) {
        EXPECT_EQ(seen.size(), 1u);
      }
    }
  }
}

TEST(Ladder, BitsAreTheLogarithmOfTheNumberOfSchedules) {
  EXPECT_NEAR(bits_of({7, 2}, 2), std::log2(1 + 7 + 21), 1e-9);
  EXPECT_NEAR(bits_of({7, 3}, 2), std::log2(1 + 7 * 2 + 21 * 4), 1e-9);
  EXPECT_NEAR(bits_of({24, 4}, 24), 48, 1e-9) << "any step in any epoch: E log2 R";
  EXPECT_EQ(bits_of({8640, 1}, 5), 0);
  EXPECT_EQ(max_changes({8640, 2}, 48), 4u);
  EXPECT_EQ(max_changes({24, 4}, 48), 24u);
  EXPECT_EQ(max_changes({8640, 2}, 0), 0u);
}

// Whatever is said, by however many, in whatever order, for whatever epochs.
RC_GTEST_PROP(Ladder, ANodeKeepsTheBudgetItselfAndChangesBetweenEpochsOnly, ()) {
  const LadderShape shape{*rc::gen::inRange(2u, 40u), *rc::gen::inRange(1u, 5u), *rc::gen::inRange(0u, 6u)};
  const Schedule schedule = day_of(shape, [&](StepKeeper& keeper, Epoch epoch, uint32_t) {
    const auto times = *rc::gen::inRange(0, 4);
    for (int i = 0; i < times; ++i) {
      const uint32_t before = keeper.step();
      keeper.handle_said(epoch + *rc::gen::inRange<Epoch>(0, 3) - 1, *rc::gen::inRange(0u, 6u));
      RC_ASSERT(keeper.step() == before);
    }
  });
  RC_ASSERT(changes_in(schedule, shape.changes_per_day > 1 || shape.rates == 1 ? 0 : shape.top()) <=
            shape.changes_per_day);
}

// The last change of a day goes to the top: what is needed is there in the next epoch, always, as long as the
// day began with at least one change to make.
RC_GTEST_PROP(Ladder, WhatIsNeededIsThereInTheNextEpochHoweverMuchIsSpent, ()) {
  const LadderShape shape{*rc::gen::inRange(5u, 60u), *rc::gen::inRange(2u, 5u), *rc::gen::inRange(1u, 6u)};
  day_of(shape, [&](StepKeeper& keeper, Epoch epoch, uint32_t) {
    const uint32_t need = *rc::gen::inRange(0u, shape.rates);
    StepKeeper next = keeper;
    next.handle_said(epoch, need);
    RC_ASSERT(next.handle_epoch(epoch) >= need);
    keeper.handle_said(epoch, need);
  });
}

TEST(Ladder, OfTwoThingsSaidTheHigherCountsAndOfNoneTheStepIsHeld) {
  const LadderShape shape{100, 3, 6};
  StepKeeper keeper(shape, 699);
  keeper.handle_said(700, 0);
  keeper.handle_said(700, 1);
  keeper.handle_said(700, 0);
  EXPECT_EQ(keeper.handle_epoch(700), 1u);
  EXPECT_EQ(keeper.counters().disagreements, 2u);
  EXPECT_EQ(keeper.handle_epoch(701), 1u);
  EXPECT_EQ(keeper.counters().held_unsaid, 1u);
  keeper.handle_said(705, 0);
  keeper.handle_said(701, 0);
  EXPECT_EQ(keeper.handle_epoch(702), 1u);
  EXPECT_EQ(keeper.counters().out_of_place, 2u);
}

TEST(Ladder, ANewDayHasItsChangesAgain) {
  const LadderShape shape{10, 2, 1};
  StepKeeper keeper(shape, 69);
  EXPECT_EQ(keeper.step(), 1u) << "a node begins at the top";
  keeper.handle_said(70, 0);
  EXPECT_EQ(keeper.handle_epoch(70), 1u) << "the last change goes up, never down";
  EXPECT_EQ(keeper.counters().held_by_budget, 1u);
  const LadderShape two{10, 2, 2};
  StepKeeper other(two, 69);
  for (Epoch epoch = 70; epoch < 90; ++epoch) {
    other.handle_said(epoch, epoch % 2 == 0 ? 0 : 1);
    other.handle_epoch(epoch);
    if (epoch == 79) {
      EXPECT_EQ(other.changes_today(), 2u);
    }
  }
  EXPECT_EQ(other.changes_today(), 2u);
}

TEST(Ladder, TheNodeWithTheSmallestNumberThatIsHeardSaysAndAnotherTakesOver) {
  const LadderShape shape{1000, 2, 10};
  Coordinator second(1, 3, shape, 2);
  StepKeeper keeper(shape, 6999);
  EXPECT_EQ(second.coordinator(7000), NodeNumber{1}) << "it has heard nobody else";
  for (Epoch epoch = 7000; epoch < 7010; ++epoch) {
    if (epoch < 7004) second.handle_need({0, epoch, 0});
    second.handle_need({1, epoch, 0});
    second.handle_need({2, epoch, epoch == 7008 ? 1u : 0u});
    const auto said = second.poll_said(keeper, epoch);
    EXPECT_EQ(said.has_value(), epoch >= 7003 + Coordinator::kGoneAfter) << epoch;
    if (said) keeper.handle_said(epoch, said->step);
    keeper.handle_epoch(epoch);
    if (epoch == 7006 || epoch == 7007) {
      EXPECT_EQ(keeper.step(), 0u) << "its patience went on meanwhile";
    }
    if (epoch == 7008) {
      EXPECT_EQ(keeper.step(), 1u) << "up at once";
    }
  }
}

// A node that has just started is at the top, and would say so to all.
TEST(Ladder, ANodeThatHasJustStartedOnlyListens) {
  const LadderShape shape{1000, 2, 10};
  Coordinator first(0, 2, shape, 1);
  Coordinator second(1, 2, shape, 1);
  const StepKeeper keeper(shape, 6999);
  for (Epoch epoch = 7000; epoch < 7004; ++epoch) {
    const bool listens = epoch < 7003;
    for (Coordinator* node : {&first, &second}) {
      node->handle_need({0, epoch, 0, listens});
      node->handle_need({1, epoch, 0});
      EXPECT_EQ(node->coordinator(epoch), NodeNumber{listens ? 1u : 0u});
    }
    EXPECT_EQ(first.poll_said(keeper, epoch).has_value(), !listens);
    EXPECT_EQ(second.poll_said(keeper, epoch).has_value(), listens);
  }
  Coordinator alone(5, 2, shape, 1);
  alone.handle_need({5, 7000, 0, true});
  EXPECT_EQ(alone.coordinator(7000), std::nullopt);
  EXPECT_FALSE(alone.poll_said(keeper, 7000));
}

TEST(Ladder, WhereNobodySaysAnythingForLongTheStepIsTheTop) {
  const LadderShape shape{1000, 3, 6};
  StepKeeper keeper(shape, 6999);
  keeper.handle_said(7000, 0);
  keeper.handle_epoch(7000);
  for (uint32_t i = 1; i <= StepKeeper::kTopAfter; ++i) {
    EXPECT_EQ(keeper.handle_epoch(7000 + i), i < StepKeeper::kTopAfter ? 0u : 2u) << i;
  }
  EXPECT_EQ(keeper.changes_today(), 2u);
}

TEST(Ladder, ARestartFillsUpNothing) {
  const LadderShape shape{100, 2, 4};
  StepKeeper keeper(shape, 699);
  keeper.handle_said(700, 0);
  keeper.handle_epoch(700);
  const StepKeeper again(shape, 705, keeper.spent());
  EXPECT_EQ(again.step(), 1u);
  EXPECT_EQ(again.changes_today(), 2u) << "down, and by the restart up";
  const StepKeeper once_more(shape, 706, again.spent());
  EXPECT_EQ(once_more.changes_today(), 2u);
  EXPECT_EQ(StepKeeper(shape, 800, keeper.spent()).changes_today(), 0u) << "another day";
  EXPECT_EQ(StepKeeper({100, 2, 1}, 705, keeper.spent()).changes_left(), 0u) << "of a smaller budget";
}

// Less than the top was needed for long: that says nothing of the step in the middle.
TEST(Ladder, OfThreeRatesTheMiddleOneIsNotTheLast) {
  const LadderShape shape{1000, 3, 20};
  Coordinator only(0, 1, shape, 2);
  StepKeeper keeper(shape, 6999);
  std::vector<uint32_t> steps;
  for (Epoch epoch = 7000; epoch < 7005; ++epoch) {
    only.handle_need({0, epoch, epoch < 7002 ? 1u : 0u});
    const auto said = only.poll_said(keeper, epoch);
    ASSERT_TRUE(said);
    keeper.handle_said(epoch, said->step);
    steps.push_back(keeper.handle_epoch(epoch));
  }
  EXPECT_EQ(steps, (std::vector<uint32_t>{2, 1, 1, 0, 0}));
}

TEST(Ladder, AMachineThatWasSetBackHasNothingLeftOfItsDay) {
  const LadderShape shape{100, 3, 6};
  StepKeeper keeper(shape, 699);
  keeper.handle_said(700, 0);
  keeper.handle_epoch(700);
  keeper.handle_restored();
  EXPECT_EQ(keeper.changes_left(), 0u);
  EXPECT_EQ(keeper.step(), 0u) << "not inside an epoch";
  keeper.handle_said(701, 0);
  EXPECT_EQ(keeper.handle_epoch(701), 2u);
  keeper.handle_said(702, 1);
  EXPECT_EQ(keeper.handle_epoch(702), 2u);
  EXPECT_EQ(keeper.changes_left(), 0u);
  keeper.handle_missed(799);
  keeper.handle_said(800, 1);
  EXPECT_EQ(keeper.handle_epoch(800), 1u) << "another day";
}

TEST(Ladder, AClockThatIsSetBackGivesNoDayTwice) {
  const LadderShape shape{10, 2, 2};
  StepKeeper keeper(shape, 75);
  keeper.handle_said(76, 0);
  EXPECT_EQ(keeper.handle_epoch(76), 0u);
  keeper.handle_set_back(55);
  EXPECT_EQ(keeper.counters().clock_set_back, 1u);
  keeper.handle_missed(70);
  EXPECT_EQ(keeper.counters().held_late, 15u);
  EXPECT_EQ(keeper.step(), 0u);
  EXPECT_EQ(keeper.changes_today(), 1u);
  keeper.handle_said(71, 1);
  keeper.handle_epoch(71);
  keeper.handle_epoch(80);
  EXPECT_EQ(keeper.changes_today(), 0u);
}

TEST(Ladder, NeedsThatAreNoneOrOldAreDropped) {
  const LadderShape shape{1000, 2, 10};
  Coordinator only(0, 2, shape, 1);
  StepKeeper keeper(shape, 6999);
  only.handle_need({1, 7000, 9});
  only.handle_need({1, 7000, 0});
  only.handle_need({7, 7000, 1});
  only.handle_need({0, 7000, 0});
  only.handle_need({1, 6990, 1});
  const auto said = only.poll_said(keeper, 7000);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->step, 0u);
}

}  // namespace
}  // namespace cuttle::ladder
