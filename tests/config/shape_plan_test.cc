// The check in words and the schedule itself agree on what is possible.
#include "config/shape_plan.hh"

#include <gtest/gtest.h>

#include "base/random.hh"
#include "base/units.hh"

namespace cuttle {
namespace {

TEST(ShapePlan, DefaultsComeOutAsExpected) {
  const auto plan = plan_shape({1472, 200'000'000, microseconds(200), 0}, false, 1, 1);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->cells_per_slot, 3u);
  EXPECT_EQ(plan->period(), microseconds(180));
}

TEST(ShapePlan, TheDefaultSlotGivesWayToAHighRate) {
  for (const uint64_t rate_gbps : {1, 7, 8, 20, 100, 400}) {
    Shape shape;
    shape.cell_bytes = 1472;
    shape.rate_bps = rate_gbps * 1'000'000'000;
    const auto plan = plan_shape(shape, false, 1, 1);
    ASSERT_TRUE(plan) << rate_gbps << " Gb/s: " << plan.error().message;
    shape.slot = microseconds(1501);
    EXPECT_EQ(plan_shape(shape, false, 1, 1).has_value(), rate_gbps <= 7) << "asked for by somebody";
  }
}

TEST(ShapePlan, AgreesWithTheScheduleOverRandomShapes) {
  Random random(1);
  int possible = 0;
  for (int i = 0; i < 200'000; ++i) {
    Shape shape;
    shape.cell_bytes = static_cast<uint32_t>(256 + 4 * random.below(2180));
    shape.rate_bps = random.next() >> (24 + random.below(40));
    shape.slot = nanoseconds(static_cast<int64_t>(random.next() >> (33 + random.below(30))));
    const bool is_v6 = random.chance(0.5);
    const auto lanes = static_cast<uint32_t>(1 + random.below(8));
    const auto checked = plan_shape(shape, is_v6, lanes, 1);
    SlotPlan plan{};
    // The check is never more lenient: a schedule exists for everything it accepts.
    if (checked) {
      ++possible;
      ASSERT_TRUE(plan_slots(to_request(shape, is_v6, lanes, 1), plan));
      ASSERT_EQ(checked->cells_per_slot, plan.cells_per_slot);
    } else {
      ASSERT_EQ(checked.error().message.find("no schedule keeps"), std::string::npos)
          << checked.error().message;
    }
  }
  EXPECT_GT(possible, 5'000);
}

TEST(ShapePlan, TheSlotItProposesIsPossible) {
  Random random(2);
  int proposals = 0;
  for (int i = 0; i < 100'000; ++i) {
    Shape shape{1472, random.next() >> (24 + random.below(40)),
                nanoseconds(static_cast<int64_t>(10'000 + random.below(1'000'000'000))), 0};
    const auto checked = plan_shape(shape, false, 1, 1);
    if (checked) continue;
    const std::string& message = checked.error().message;
    const size_t begin = message.rfind("; a slot of ");
    if (begin == std::string::npos) continue;
    const std::string text = message.substr(begin + 12, message.rfind(" would do") - begin - 12);
    const auto proposed = parse_duration(text);
    ASSERT_TRUE(proposed) << message;
    shape.slot = *proposed;
    ASSERT_TRUE(plan_shape(shape, false, 1, 1)) << message;
    ++proposals;
  }
  EXPECT_GT(proposals, 1'000);
}

}  // namespace
}  // namespace cuttle
