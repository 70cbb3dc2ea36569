// The instants of a slot's releases. Two or three times as many are drawn uniformly and put in order; every
// second or third is taken. So short gaps are rare, the rarer the shorter, and the lengths of gaps have no
// edge at which a late release would show.
#pragma once

#include <cstdint>
#include <span>

#include "link/draws.hh"
#include "link/slot_plan.hh"

namespace cuttle {

// Releases keep this distance where the slot has room for it: a cell drawn right behind another would leave
// when the system call of that other ends, and how long that takes is the host's load. It is no longer than
// that, because a gap shorter than any that is drawn can only come from a late release.
inline constexpr Duration kSpreadDistance = microseconds(4);

enum class Spread : uint8_t {
  every_second = 2,
  every_third = 3,  // releases seldom come near to each other
};

// Of a slot of so many lanes together. A lane that is alone with two trains has room; single cells are too
// many.
inline Spread spread_of(const SlotPlan& plan, size_t lanes) {
  const bool is_full = lanes > 1 || plan.trains_per_slot > 2;
  return is_full && !plan.scatter ? Spread::every_third : Spread::every_second;
}

// In nanoseconds after the slot's beginning, ascending, below `width`. A single one is drawn uniformly.
void draw_spread(Draws& draws, Spread spread, Duration width, std::span<uint32_t> offsets_ns);

}  // namespace cuttle
