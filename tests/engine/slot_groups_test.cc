// Lanes with equal slots release a fixed step apart, for ever; others are left alone.
#include "engine/slot_groups.hh"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "link/slot_ring.hh"

namespace cuttle {
namespace {

constexpr uint32_t kCellBytes = 1472;
constexpr Duration kWork = microseconds(11);

class SlotGroupsTest : public testing::Test {
 protected:
  // A lane whose slots began, or will, at `epoch`, once it has joined.
  LaneSender& lane(const ShapeRequest& request, Instant epoch, Instant now = {}) {
    rings_.push_back(std::make_unique<SlotRing>(wire::CellFormat(request.cell_bytes), 16));
    SlotPlan plan{};
    EXPECT_TRUE(plan_slots(request, plan));
    LaneSender& sender = *lanes_.emplace_back(std::make_unique<LaneSender>(*rings_.back(), plan, epoch, 1));
    if (const Instant wanted = groups_.handle_join(sender, kWork); wanted != epoch)
      sender.handle_epoch(wanted);
    sender.handle_start(now);
    return sender;
  }
  static ShapeRequest slow() {
    return {.cell_bytes = kCellBytes, .rate_bps = 1'000'000, .slot = milliseconds(12)};
  }

  // After so many slots, which both release in time.
  static Duration apart(LaneSender& a, LaneSender& b, int slots) {
    for (int i = 0; i < slots; ++i) {
      a.handle_released(a.deadline());
      b.handle_released(b.deadline());
    }
    return b.deadline() - a.deadline();
  }

  std::vector<std::unique_ptr<SlotRing>> rings_;
  std::vector<std::unique_ptr<LaneSender>> lanes_;
  SlotGroups groups_;
};

TEST_F(SlotGroupsTest, equal_slots_release_a_step_apart_and_stay_so) {
  const ShapeRequest odd{.cell_bytes = kCellBytes, .rate_bps = 7'777'777, .slot = milliseconds(2)};
  LaneSender& first = lane(odd, {1'000'000});
  LaneSender& second = lane(odd, {1'700'000});
  LaneSender& third = lane(odd, {1'300'000});
  EXPECT_EQ(first.epoch().ns, 1'000'000) << "the first stays where it was";
  EXPECT_EQ(second.deadline() - first.deadline(), kWork);
  EXPECT_EQ(third.deadline() - second.deadline(), kWork);
  EXPECT_EQ(apart(first, second, 100'000), kWork);
}

TEST_F(SlotGroupsTest, one_that_joins_much_later_finds_its_place) {
  const ShapeRequest odd{.cell_bytes = kCellBytes, .rate_bps = 999'999'937, .slot = microseconds(100)};
  LaneSender& first = lane(odd, {0});
  const Instant now{seconds(864'000).ns + 12'345};
  first.handle_start(now);
  LaneSender& second = lane(odd, now, now);
  const Duration from_first = second.deadline() - first.deadline();
  const Duration period = first.plan().period();
  EXPECT_TRUE(from_first == kWork || from_first == kWork - period ||
              from_first == kWork - period - nanoseconds(1))
      << from_first.ns;
  EXPECT_GE(second.deadline() + period, now);
  EXPECT_LE(second.deadline(), now + period);
}

TEST_F(SlotGroupsTest, groups_of_equal_slots_are_as_far_apart_as_can_be) {
  constexpr size_t kGroups = 4;
  std::vector<int64_t> epochs;
  for (size_t i = 0; i < kGroups * SlotGroups::kMaxLanes; ++i) {
    epochs.push_back(lane(slow(), {5'000'000}).epoch().ns);
  }
  const int64_t period = lanes_.front()->plan().period().ns;
  for (size_t i = 0; i < SlotGroups::kMaxLanes; ++i) {
    const int64_t place = 5'000'000 + kWork.ns * static_cast<int64_t>(i);
    EXPECT_EQ(epochs[i], place);
    EXPECT_EQ(epochs[i + SlotGroups::kMaxLanes], place + period / 2);
    EXPECT_EQ(epochs[i + 2 * SlotGroups::kMaxLanes], place + period / 4);
    EXPECT_EQ(epochs[i + 3 * SlotGroups::kMaxLanes], place + period / 2 + period / 4);
  }
}

TEST_F(SlotGroupsTest, a_group_takes_no_more_than_its_share_of_the_slot) {
  const ShapeRequest fast{.cell_bytes = kCellBytes,
                          .rate_bps = 1'000'000'000,
                          .slot = microseconds(96)};  // 8 cells; 24 us for a group
  EXPECT_EQ(lane(fast, {0}).epoch().ns, 0);
  EXPECT_EQ(lane(fast, {50'000}).epoch(), Instant{} + kWork);
  EXPECT_EQ(lane(fast, {60'000}).epoch().ns, 48'000) << "no room for a third";
}

TEST_F(SlotGroupsTest, the_place_of_one_that_left_is_free) {
  lane(slow(), {0});
  LaneSender& second = lane(slow(), {1'000'000});
  lane(slow(), {2'000'000});
  groups_.handle_leave(second);
  EXPECT_EQ(lane(slow(), {3'000'000}).epoch(), Instant{} + kWork);
}

TEST_F(SlotGroupsTest, when_all_have_left_the_next_begins_where_it_likes) {
  LaneSender& only = lane(slow(), {0});
  groups_.handle_leave(only);
  EXPECT_EQ(lane(slow(), {1'000'000}).epoch().ns, 1'000'000);
}

TEST_F(SlotGroupsTest, other_slots_and_drawn_ones_are_left_alone) {
  lane(slow(), {0});
  EXPECT_EQ(
      lane({.cell_bytes = kCellBytes, .rate_bps = 2'000'000, .slot = milliseconds(12)}, {1'000}).epoch().ns,
      1'000);
  // Six times as many bytes at six times the rate: the slots are as long, the work is not.
  EXPECT_EQ(lane({.cell_bytes = 6 * 1500 - 28, .rate_bps = 6'000'000, .slot = milliseconds(12)}, {2'000})
                .epoch()
                .ns,
            2'000);
  for (int i = 1; i < 3; ++i) {
    const Instant epoch{i * 1'000'000};
    EXPECT_EQ(
        lane(
            {.cell_bytes = kCellBytes, .rate_bps = 1'000'000, .slot = milliseconds(12), .jitter_percent = 50},
            epoch)
            .epoch(),
        epoch);
    EXPECT_EQ(
        lane({.cell_bytes = kCellBytes, .rate_bps = 1'000'000, .slot = milliseconds(24), .scatter = true},
             epoch)
            .epoch(),
        epoch);
  }
}

}  // namespace
}  // namespace cuttle
