// A ladder that yields to loss: its ceiling, its breaker, and that neither tells more than the budget.
#include "ladder/yielding.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "ladder/coordinator.hh"
#include "ladder/settings.hh"

namespace cuttle::ladder {
namespace {

constexpr uint32_t kSome = Yielding::kTolerable_65536ths + 1;
constexpr uint32_t kMuch = Yielding::kExcessive_65536ths + 1;
constexpr LadderShape kThree{1000, 3, 8, true};

// An epoch with that much lost at that step.
bool epoch_of(Yielding& yielding, uint32_t lost, uint32_t step, bool can_fall = true) {
  yielding.handle_lost(lost, step);
  return yielding.handle_epoch(step, can_fall);
}
void quiet_epochs(Yielding& yielding, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) epoch_of(yielding, 0, yielding.ceiling());
}

TEST(Yielding, TheCeilingFallsBelowTheStepThatLosesAndNoFurther) {
  Yielding yielding(kThree, 2);
  yielding.handle_lost(Yielding::kTolerable_65536ths, 2);
  EXPECT_EQ(yielding.ceiling(), 2u) << "a hundredth is no congestion";
  for (int i = 0; i < 10; ++i) yielding.handle_lost(65'534, 2);
  EXPECT_EQ(yielding.ceiling(), 1u) << "one step an epoch, whatever peers say";
  yielding.handle_epoch(2, true);
  epoch_of(yielding, kSome, 2);
  EXPECT_EQ(yielding.ceiling(), 1u) << "the budget held the step: it is no further down";
  epoch_of(yielding, kSome, 1);
  epoch_of(yielding, kSome, 0);
  EXPECT_EQ(yielding.ceiling(), 0u);
  EXPECT_EQ(yielding.counters().falls, 2u);
}

TEST(Yielding, ItRisesAfterQuietEpochsAndMorePatientlyAfterEachFailure) {
  Yielding yielding(kThree, 2);
  epoch_of(yielding, kSome, 2);
  for (uint32_t patience = Yielding::kQuietEpochs; patience <= Yielding::kMostQuietEpochs; patience *= 2) {
    EXPECT_EQ(yielding.patience(), patience);
    quiet_epochs(yielding, patience - 1);
    EXPECT_EQ(yielding.ceiling(), 1u);
    quiet_epochs(yielding, 1);
    EXPECT_EQ(yielding.ceiling(), 2u);
    epoch_of(yielding, kSome, 2);
    EXPECT_EQ(yielding.ceiling(), 1u);
  }
  EXPECT_EQ(yielding.patience(), Yielding::kMostQuietEpochs);
  quiet_epochs(yielding, 2 * Yielding::kMostQuietEpochs);
  EXPECT_EQ(yielding.ceiling(), 2u);
  EXPECT_EQ(yielding.patience(), Yielding::kQuietEpochs) << "it has stood at the top as long";
}

TEST(Yielding, OnTheWayDownItDoesNotGetMorePatient) {
  Yielding yielding(kThree, 2);
  epoch_of(yielding, kSome, 2);
  epoch_of(yielding, kSome, 1);
  EXPECT_EQ(yielding.patience(), Yielding::kQuietEpochs);
}

TEST(Yielding, WhatIsNotKnownChangesNothing) {
  Yielding yielding(kThree, 2);
  epoch_of(yielding, kSome, 2);
  quiet_epochs(yielding, Yielding::kQuietEpochs - 1);
  for (int i = 0; i < 100; ++i) yielding.handle_epoch(1, true);
  EXPECT_EQ(yielding.ceiling(), 1u);
  EXPECT_EQ(yielding.counters().unknown, 100u);
  yielding.handle_lost(0, 1);
  yielding.handle_missed();
  yielding.handle_epoch(1, true);
  EXPECT_EQ(yielding.ceiling(), 1u) << "an epoch that was missed is not known either";
  quiet_epochs(yielding, 1);
  EXPECT_EQ(yielding.ceiling(), 2u) << "the quiet ones before it count";
}

TEST(Yielding, TheBreakerIsForWhatGoesOnThoughNothingIsLeftToGiveWayWith) {
  for (const bool is_lowest : {true, false}) {
    Yielding yielding(kThree, 2);
    const uint32_t step = is_lowest ? 0 : 1;
    for (uint32_t i = 1; i < Yielding::kCutAfter; ++i) {
      EXPECT_FALSE(epoch_of(yielding, kMuch, step, is_lowest)) << i;
    }
    yielding.handle_epoch(step, is_lowest);  // of which nothing is known
    EXPECT_TRUE(epoch_of(yielding, kMuch, step, is_lowest));
    EXPECT_FALSE(epoch_of(yielding, kMuch, step, is_lowest)) << "it begins to count anew";
  }
}

TEST(Yielding, TheBreakerIsNotForLessOrForAWhile) {
  Yielding yielding(kThree, 2);
  for (uint32_t i = 0; i < 10 * Yielding::kCutAfter; ++i) {
    EXPECT_FALSE(epoch_of(yielding, kMuch - 1, 0)) << "a tenth";
    EXPECT_FALSE(epoch_of(yielding, kMuch, 1)) << "it can fall";
    for (uint32_t j = 1; j < Yielding::kCutAfter; ++j) EXPECT_FALSE(epoch_of(yielding, kMuch, 0));
    EXPECT_FALSE(epoch_of(yielding, 0, 0)) << "an epoch without ends it";
  }
}

TEST(Yielding, ShareOfCellsLost) {
  EXPECT_EQ(share_lost(0, 0), std::nullopt);
  EXPECT_EQ(share_lost(0, 500), std::nullopt) << "a path that is away is not one that is full";
  EXPECT_EQ(share_lost(10, Yielding::kFewCells - 1), 0);
  EXPECT_EQ(share_lost(100, 100), 32'767);
  EXPECT_EQ(share_lost(1, UINT64_MAX / 2), 65'534) << "never what means that it is not known";
}

// --- the keeper

StepKeeper keeper_at(const LadderShape& shape, uint32_t step, Epoch epoch) {
  return {shape, epoch, Spent{epoch / shape.epochs_per_day - 1, 0, step}};
}

// All that can be said, heard of losses and cut: every schedule there is, counted.
TEST(Yielding, NoMoreSchedulesThanTheBudgetHasRoomFor) {
  for (const uint32_t rates : {2u, 3u}) {
    for (const uint32_t changes : {2u, 3u, 4u}) {
      const LadderShape shape{rates == 2 ? 7u : 5u, rates, changes, true};
      const uint32_t ways = rates * rates;  // of an epoch
      const auto all = 2 * static_cast<uint32_t>(std::pow(ways, shape.epochs_per_day));
      std::set<std::vector<uint32_t>> seen[2];  // of days that begin at the lowest step, and at the highest
      for (uint32_t cut = 0; cut <= shape.epochs_per_day; ++cut) {  // the last: never
        for (uint32_t number = 0; number < all; ++number) {
          const Epoch first = Epoch{shape.epochs_per_day} * 7;
          StepKeeper keeper = keeper_at(shape, number % 2 == 0 ? 0 : shape.top(), first - 1);
          std::vector<uint32_t> schedule;
          for (uint32_t i = 0, rest = number / 2; i < shape.epochs_per_day; ++i, rest /= ways) {
            keeper.handle_said(first + i, rest % rates);
            keeper.handle_ceiling(rest / rates % rates);
            if (i == cut) keeper.handle_cut();
            schedule.push_back(keeper.handle_epoch(first + i));
          }
          ASSERT_LE(keeper.changes_today(), changes);
          if (cut < shape.epochs_per_day) {
            ASSERT_EQ(schedule.back(), 0u) << "there is always one left for the breaker";
          }
          seen[number % 2].insert(std::move(schedule));
        }
      }
      for (const auto& schedules : seen) {
        EXPECT_LE(std::log2(schedules.size()), bits_of({shape.epochs_per_day, rates}, changes) + 1e-9)
            << rates << " rates, " << changes << " changes: " << schedules.size();
      }
      EXPECT_EQ(seen[0].size() > 1, changes > 2) << "it could not give way after a rise";
      EXPECT_GT(seen[1].size(), 1u);
    }
  }
}

// Whatever is said and lost: as long as a change is left besides the breaker's it is never above its ceiling,
// and it never rises with the last of them.
RC_GTEST_PROP(Yielding, AfterARiseThereIsAChangeLeftToGiveWayWith, ()) {
  const LadderShape shape{*rc::gen::inRange(5u, 60u), *rc::gen::inRange(2u, 6u), *rc::gen::inRange(2u, 9u),
                          true};
  const Epoch first = Epoch{shape.epochs_per_day} * 7;
  StepKeeper keeper = keeper_at(shape, *rc::gen::inRange(0u, shape.rates), first - 1);
  for (Epoch epoch = first; epoch < first + shape.epochs_per_day; ++epoch) {
    if (*rc::gen::inRange(0, 4) > 0) keeper.handle_said(epoch, *rc::gen::inRange(0u, shape.rates));
    const uint32_t ceiling = *rc::gen::inRange(0u, shape.rates);
    keeper.handle_ceiling(ceiling);
    const StepKeeper before = keeper;
    const uint32_t step = keeper.handle_epoch(epoch);
    const bool could_fall = before.can_fall() || keeper.changes_today() < before.changes_today();
    RC_ASSERT(step <= ceiling || !could_fall);
    RC_ASSERT(step <= before.step() || (step <= ceiling && keeper.can_fall()));
    RC_ASSERT(keeper.changes_left() > 0);
  }
}

// A need that fell is not followed with what a rise, and the way back from that, would take.
TEST(Yielding, WhatIsNeededIsThereInTheNextEpochUnderTheCeiling) {
  StepKeeper keeper = keeper_at({1000, 2, 4, true}, 1, 6999);
  keeper.handle_said(7000, 0);
  EXPECT_EQ(keeper.handle_epoch(7000), 0u);
  keeper.handle_said(7001, 1);
  EXPECT_EQ(keeper.handle_epoch(7001), 1u);
  keeper.handle_said(7002, 0);
  EXPECT_EQ(keeper.handle_epoch(7002), 1u) << "it could not come back";
  keeper.handle_said(7003, 1);
  keeper.handle_ceiling(0);
  EXPECT_EQ(keeper.handle_epoch(7003), 0u) << "but to yield it goes";
  EXPECT_EQ(keeper.changes_left(), 1u);
  keeper.handle_ceiling(1);
  keeper.handle_said(7004, 1);
  EXPECT_EQ(keeper.handle_epoch(7004), 0u);
}

// It cannot come back up from there.
TEST(Yielding, WithFewChangesLeftItGivesWayAsFarAsItMustAndNoFurther) {
  for (const uint32_t changes : {2u, 3u, 4u}) {
    StepKeeper keeper = keeper_at({1000, 3, changes, true}, 2, 6999);
    keeper.handle_ceiling(1);
    keeper.handle_said(7000, 0);
    EXPECT_EQ(keeper.handle_epoch(7000), changes < 4 ? 1u : 0u) << changes;
  }
}

TEST(Yielding, WhereNobodySaysAnythingTheCeilingIsTheTop) {
  StepKeeper keeper = keeper_at(kThree, 0, 6999);
  keeper.handle_ceiling(1);
  for (uint32_t i = 0; i < 2 * StepKeeper::kTopAfter; ++i) {
    EXPECT_EQ(keeper.handle_epoch(7000 + i), i + 1 < StepKeeper::kTopAfter ? 0u : 1u) << i;
  }
  keeper.handle_restored();
  EXPECT_EQ(keeper.handle_epoch(7100), 1u);
  EXPECT_FALSE(keeper.can_fall());
  keeper.handle_ceiling(0);
  EXPECT_EQ(keeper.handle_epoch(7101), 1u) << "nothing is left of its day";
  keeper.handle_restored();
  EXPECT_EQ(keeper.handle_epoch(7102), 1u) << "nor by another restore";
}

TEST(Yielding, ACutLastsUntilTheDayEndsAndOverARestart) {
  StepKeeper keeper = keeper_at(kThree, 2, 6999);
  keeper.handle_cut();
  keeper.handle_said(7000, 2);
  EXPECT_EQ(keeper.handle_epoch(7000), 0u);
  StepKeeper again(kThree, 7005, keeper.spent());
  EXPECT_TRUE(again.is_cut());
  EXPECT_EQ(again.changes_today(), 1u);
  again.handle_said(7006, 2);
  EXPECT_EQ(again.handle_epoch(7006), 0u);
  again.handle_missed(7999);
  again.handle_said(8000, 2);
  EXPECT_EQ(again.handle_epoch(8000), 2u);
  EXPECT_FALSE(again.is_cut());
  EXPECT_FALSE(StepKeeper(kThree, 8005, keeper.spent()).is_cut()) << "of another day";
}

// It is of the day of the epoch that it begins with.
TEST(Yielding, ACutAtMidnightIsOfTheNewDay) {
  StepKeeper keeper = keeper_at(kThree, 2, 6998);
  keeper.handle_epoch(6999);
  keeper.handle_cut();
  EXPECT_EQ(keeper.handle_epoch(7000), 0u);
  keeper.handle_missed(7998);
  keeper.handle_said(7999, 2);
  EXPECT_EQ(keeper.handle_epoch(7999), 0u);
  keeper.handle_said(8000, 2);
  EXPECT_EQ(keeper.handle_epoch(8000), 2u);
}

TEST(Yielding, ARestartGoesOnWhereItWas) {
  StepKeeper keeper = keeper_at(kThree, 2, 6999);
  keeper.handle_ceiling(1);
  keeper.handle_epoch(7000);
  ASSERT_EQ(keeper.step(), 1u);
  for (const Epoch epoch : {Epoch{7005}, Epoch{8005}}) {
    const StepKeeper again(kThree, epoch, keeper.spent());
    EXPECT_EQ(again.step(), 1u);
    EXPECT_EQ(again.ceiling(), 1u);
    EXPECT_EQ(again.changes_today(), epoch < 8000 ? 1u : 0u);
  }
  EXPECT_EQ(StepKeeper(kThree, 7005).step(), 2u) << "nothing was kept";
  EXPECT_EQ(StepKeeper({1000, 2, 8, true}, 7005, Spent{7, 1, 2}).step(), 1u) << "no such step any more";
}

// --- the group

TEST(Yielding, TheLowestCeilingBoundsTheHighestNeed) {
  Coordinator first(0, 3, kThree, 3);
  StepKeeper keeper = keeper_at(kThree, 2, 6999);
  for (Epoch epoch = 7000; epoch < 7006; ++epoch) {
    first.handle_need({0, epoch, 2, false, 2});
    first.handle_need({1, epoch, 0, false, 2});
    first.handle_need({1, epoch, 0, false, 0});
    first.handle_need({1, epoch, 0, false, 1});
    if (epoch < 7002) first.handle_need({2, epoch, 0, false, 1});
    const auto said = first.poll_said(keeper, epoch);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->step, 0u) << "the lowest of what one said of an epoch";
  }
  first.handle_need({0, 7006, 2, false, 2});
  first.handle_need({1, 7006, 0, false, 1});
  EXPECT_EQ(first.poll_said(keeper, 7006)->step, 1u) << "its last";
}

TEST(Yielding, ALadderThatYieldsIsAnother) {
  Settings plain{.rates_bps = {1, 2}};
  Settings yields = plain;
  yields.yields = true;
  EXPECT_NE(plain.fingerprint(), yields.fingerprint());
  EXPECT_NE(plain, yields);
  EXPECT_TRUE(yields.shape().yields);
  EXPECT_EQ(plain.shape().changes_per_day, yields.shape().changes_per_day);
}

}  // namespace
}  // namespace cuttle::ladder
