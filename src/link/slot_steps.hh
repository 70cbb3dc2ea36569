// The plans between which a lane changes while it runs: one for each rate that its link may have. Most lanes
// have one. Fixed when the lane is made, so that whatever is sized by a plan is large enough for all.
#pragma once

#include <algorithm>
#include <vector>

#include "base/check.hh"
#include "link/slot_plan.hh"

namespace cuttle {

struct SlotSteps {
  SlotSteps(const SlotPlan& only) : plans{only} {}  // NOLINT(google-explicit-constructor): of one rate
  SlotSteps(std::vector<SlotPlan> all, uint32_t begin_with) : plans(std::move(all)), first(begin_with) {
    CUTTLE_CHECK(first < plans.size(), "a lane begins with one of its plans");
  }

  std::vector<SlotPlan> plans;
  uint32_t first = 0;

  uint32_t max_cells_per_release() const {
    uint32_t max = 0;
    for (const SlotPlan& plan : plans) max = std::max(max, plan.cells_per_release());
    return max;
  }
  // The plan that takes longest over a cell.
  const SlotPlan& slowest() const {
    return *std::ranges::max_element(plans, {}, [](const SlotPlan& plan) {
      return static_cast<double>(plan.period_numerator) / static_cast<double>(plan.period_denominator) /
             plan.cells_per_slot;
    });
  }
  Duration shortest_period() const {
    Duration shortest = kLongestSlot;
    for (const SlotPlan& plan : plans) shortest = std::min(shortest, plan.period());
    return shortest;
  }
};

}  // namespace cuttle
