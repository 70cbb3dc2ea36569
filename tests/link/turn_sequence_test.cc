// Lanes that take turns: whose release is when, whoever asks first, and how seldom two come near to each
// other.
#include "link/turn_sequence.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "link/turn_sequences.hh"

namespace cuttle {
namespace {

SlotPlan plan_of(uint32_t node_lanes, uint64_t rate_bps = 200'000'000) {
  SlotPlan plan{};
  EXPECT_TRUE(plan_slots({.cell_bytes = 1472,
                          .rate_bps = rate_bps,
                          .slot = milliseconds(1),
                          .jitter_percent = 100,
                          .node_lanes = node_lanes},
                         plan));
  return plan;
}

// Of so many lanes, numbered from 0.
TurnSequence sequence_of(uint32_t lanes, uint64_t seed) {
  TurnSequence sequence(plan_of(lanes), Instant{0}, seed);
  for (uint32_t member = 0; member < lanes; ++member) EXPECT_EQ(sequence.handle_join().member, member);
  return sequence;
}

uint32_t offset_of(TurnSequence& sequence, uint32_t member, uint64_t slot) {
  std::array<uint32_t, 1> offset{};
  sequence.poll_offsets(member, slot, offset);
  return offset[0];
}

TEST(TurnSequence, LanesOfANodeHaveOneTrainASlotAndALaneAloneTwo) {
  EXPECT_EQ(plan_of(1).trains_per_slot, 2u);
  EXPECT_EQ(plan_of(2).trains_per_slot, 1u);
  EXPECT_EQ(plan_of(1, 1'000'000'000).trains_per_slot, 2u) << "each one call";
  EXPECT_EQ(plan_of(1, 1'000'000'000).calls_per_release, 1u);
  EXPECT_EQ(plan_of(2, 1'000'000'000).trains_per_slot, 1u)
      << "calls that leave together, or they came too often";
  EXPECT_EQ(plan_of(2, 1'000'000'000).calls_per_release, 2u);
  EXPECT_EQ(plan_of(2, 2'000'000'000).trains_per_slot, 2u) << "as many as the cells need";
}

TEST(TurnSequence, MembersTakeTurnsInTheOrderInWhichTheyCame) {
  TurnSequence sequence = sequence_of(3, 1);
  for (uint64_t slot = 0; slot < 1000; ++slot) {
    const uint32_t first = offset_of(sequence, 0, slot);
    const uint32_t second = offset_of(sequence, 1, slot);
    const uint32_t third = offset_of(sequence, 2, slot);
    ASSERT_LT(first, second);
    ASSERT_LT(second, third);
    ASSERT_LT(third, plan_of(3).jitter.ns);
  }
}

TEST(TurnSequence, WhoAsksFirstMakesNoDifference) {
  TurnSequence forward = sequence_of(2, 1);
  TurnSequence apart = sequence_of(2, 1);
  std::vector<uint32_t> of_first;
  std::vector<uint32_t> of_second;
  for (uint64_t slot = 0; slot < 100; ++slot) {
    of_first.push_back(offset_of(forward, 0, slot));
    of_second.push_back(offset_of(forward, 1, slot));
  }
  for (uint64_t slot = 0; slot < 100; ++slot) ASSERT_EQ(offset_of(apart, 1, slot), of_second[slot]);
  for (uint64_t slot = 0; slot < 100; ++slot) ASSERT_EQ(offset_of(apart, 0, slot), of_first[slot]);
}

// Drawn by themselves, two lanes would come within 20 us some 40 times in a thousand slots.
TEST(TurnSequence, TwoLanesSeldomComeNearToEachOther) {
  TurnSequence sequence = sequence_of(2, 7);
  int near = 0;
  int64_t before = -1'000'000;
  const int64_t period_ns = plan_of(2).period().ns;
  for (uint64_t slot = 0; slot < 10'000; ++slot) {
    for (const uint32_t member : {0u, 1u}) {
      const int64_t at = static_cast<int64_t>(slot) * period_ns + offset_of(sequence, member, slot);
      near += at - before < 20'000;
      before = at;
    }
  }
  EXPECT_LT(near, 20);
}

TEST(TurnSequence, AnotherLaneMovesNobodyInASlotThatWasAskedFor) {
  TurnSequence alone(plan_of(2), Instant{0}, 1);
  TurnSequence joined(plan_of(2), Instant{0}, 1);
  alone.handle_join();
  joined.handle_join();
  ASSERT_EQ(offset_of(alone, 0, 5), offset_of(joined, 0, 5));
  const TurnSequence::Place place = joined.handle_join();
  EXPECT_EQ(place.first_slot, 6u);
  EXPECT_EQ(offset_of(alone, 0, 5), offset_of(joined, 0, 5));
  EXPECT_LT(offset_of(joined, 0, 6), offset_of(joined, place.member, 6));
  joined.handle_leave(0);
  EXPECT_EQ(offset_of(joined, place.member, 7), offset_of(alone, 0, 7)) << "alone in its turn";
}

TEST(TurnSequence, ALaneThatLagsBehindStillHasItsTurns) {
  TurnSequence sequence = sequence_of(2, 1);
  TurnSequence undisturbed = sequence_of(2, 1);
  for (uint64_t slot = 0; slot < 100; ++slot) offset_of(sequence, 0, slot);
  for (int i = 0; i < 5; ++i) {
    const TurnSequence::Place place = sequence.handle_join();
    offset_of(sequence, place.member, place.first_slot);
    sequence.handle_leave(place.member);
  }
  for (uint64_t slot = 0; slot < 100; ++slot)
    ASSERT_EQ(offset_of(sequence, 1, slot), offset_of(undisturbed, 1, slot));
}

TEST(TurnSequence, AnotherGeneratorDrawsTheSlotsToCome) {
  TurnSequence as_before = sequence_of(2, 1);
  TurnSequence restored = sequence_of(2, 1);
  ASSERT_EQ(offset_of(as_before, 0, 3), offset_of(restored, 0, 3));
  restored.handle_draws(Draws(2));
  EXPECT_EQ(offset_of(as_before, 1, 3), offset_of(restored, 1, 3)) << "that slot was drawn";
  EXPECT_NE(offset_of(as_before, 0, 4), offset_of(restored, 0, 4));
}

TEST(TurnSequence, AKeysSlotsDifferAndAreItsOwn) {
  const DrawKey key;
  Draws a{key};
  Draws b{key};
  a.handle_stream(3);
  const uint64_t third = a.below(1'000'000'000);
  a.handle_stream(4);
  EXPECT_NE(a.below(1'000'000'000), third);
  b.handle_stream(3);
  EXPECT_EQ(b.below(1'000'000'000), third);
  Draws c{key};
  EXPECT_NE(c.below(1'000'000'000), third);
  c.handle_stream(0);
  EXPECT_NE(c.below(1'000'000'000), Draws{key}.below(1'000'000'000)) << "the first stream has no number";
}

class TurnSequencesOfLanes : public testing::Test {
 protected:
  LaneSender& add(const SlotPlan& plan) {
    rings_.push_back(std::make_unique<SlotRing>(wire::CellFormat(1472), 64));
    senders_.push_back(
        std::make_unique<LaneSender>(*rings_.back(), plan, Instant{1000}, Draws{senders_.size()}));
    sequences_.handle_join(*senders_.back());
    return *senders_.back();
  }
  std::vector<std::unique_ptr<SlotRing>> rings_;
  std::vector<std::unique_ptr<LaneSender>> senders_;
  TurnSequences sequences_;
};

TEST_F(TurnSequencesOfLanes, EqualSlotsTakeTurnsAndOthersDoNot) {
  LaneSender& first = add(plan_of(3));
  LaneSender& second = add(plan_of(3));
  LaneSender& other = add(plan_of(3, 100'000'000));
  EXPECT_LT(first.deadline(), first.epoch() + plan_of(3).period());
  EXPECT_EQ(first.epoch(), second.epoch());
  second.handle_start(Instant{1'000'000'000});
  first.handle_start(Instant{1'000'000'000});
  EXPECT_LT(std::abs(first.deadline().ns - second.deadline().ns), 2 * plan_of(3).period().ns);
  sequences_.handle_leave(first);
  sequences_.handle_leave(second);
  sequences_.handle_leave(other);
  sequences_.handle_leave(other);
}

}  // namespace
}  // namespace cuttle
