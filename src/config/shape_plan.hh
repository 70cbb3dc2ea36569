// Whether any schedule can keep the shape that an operator asks for, and in words why not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "link/schedule.hh"

namespace cuttle {

inline constexpr uint64_t kHighestRate_bps = 1'000'000'000'000;

struct ShapeProblem : Error {
  enum class Culprit { rate, slot };
  ShapeProblem(Culprit which, std::string said) : Error{std::move(said)}, culprit(which) {}
  Culprit culprit;  // which of the two has to change
};

// With a cell size, where none was asked for: the default of the family that carries the cells.
Shape complete_shape(Shape asked, bool is_v6);

// `lanes` of the link, `node_lanes` of all links of the node.
ShapeRequest to_request(const Shape& shape, bool is_v6, uint32_t lanes, uint32_t node_lanes);

// plan_slots (link/schedule.hh) with an error that says what would be possible. `shape` is complete:
// cell_bytes is a valid cell size, lanes at least 1; `is_v6` is the family that carries the cells. Where the
// rate is too high for the default slot, the slot is as long as can be; one that somebody asked for is not
// shortened.
tl::expected<SlotPlan, ShapeProblem> plan_shape(const Shape& asked, bool is_v6, uint32_t lanes,
                                                uint32_t node_lanes);

// The same for a peer of that configuration, beside all its other lanes.
tl::expected<SlotPlan, ShapeProblem> plan_peer(const NodeConfig& config, const PeerConfig& peer);

// The rates that a link changes between, ascending, and the plan of each: one without calendar or ladder.
struct PeerSteps {
  std::vector<uint64_t> rates_bps;
  std::vector<SlotPlan> plans;
};
tl::expected<PeerSteps, ShapeProblem> plan_peer_steps(const NodeConfig& config, const PeerConfig& peer);

// Nullopt where the shape has none.
std::optional<Calendar> calendar_of(const Shape& shape);
// The same shape at its highest rate, or its lowest, all the time.
Shape at_highest_rate(Shape shape);
Shape at_lowest_rate(Shape shape);

}  // namespace cuttle
