#include "config/shape_plan.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/units.hh"
#include "wire/cell.hh"

namespace cuttle {

namespace {

using Wide = unsigned __int128;
constexpr uint64_t kNsPerSecond = 1'000'000'000;

// What one lane sends: one cell is `cell_bits` of it, and lanes share the rate, so each of n lanes takes n
// times as long over a cell.
struct LaneRate {
  uint64_t cell_bits;
  uint64_t rate_bps;
};

enum class Rounding { down, nearest, up };

uint64_t cells_in(Duration slot, const LaneRate& lane, Rounding rounding) {
  const Wide whole = Wide{lane.cell_bits} * kNsPerSecond;
  const Wide added = rounding == Rounding::up ? whole - 1 : rounding == Rounding::nearest ? whole / 2 : 0;
  const Wide cells = (Wide{lane.rate_bps} * static_cast<uint64_t>(slot.ns) + added) / whole;
  return static_cast<uint64_t>(cells);
}

Duration time_of(uint64_t cells, const LaneRate& lane) {
  const Wide ns = (Wide{cells} * lane.cell_bits * kNsPerSecond + lane.rate_bps / 2) / lane.rate_bps;
  return nanoseconds(static_cast<int64_t>(std::min<Wide>(ns, INT64_MAX)));
}

tl::unexpected<ShapeProblem> rate_problem(std::string message) {
  return tl::unexpected(ShapeProblem{ShapeProblem::Culprit::rate, std::move(message)});
}
tl::unexpected<ShapeProblem> slot_problem(std::string message) {
  return tl::unexpected(ShapeProblem{ShapeProblem::Culprit::slot, std::move(message)});
}

}  // namespace

Shape complete_shape(Shape asked, bool is_v6) {
  if (asked.cell_bytes == 0) asked.cell_bytes = wire::default_cell_bytes(is_v6);
  return asked;
}

ShapeRequest to_request(const Shape& shape, bool is_v6, uint32_t lanes, uint32_t node_lanes) {
  return {.cell_bytes = shape.cell_bytes,
          .is_v6 = is_v6,
          .rate_bps = shape.rate_bps,
          .slot = shape.slot,
          .jitter_percent = shape.jitter_percent,
          .lanes = lanes,
          .scatter = shape.scatter,
          .node_lanes = node_lanes};
}

tl::expected<SlotPlan, ShapeProblem> plan_shape(const Shape& asked, bool is_v6, uint32_t lanes,
                                                uint32_t node_lanes) {
  Shape shape = asked;
  const size_t ip_bytes = wire::CellFormat(shape.cell_bytes).ip_bytes(is_v6);
  const LaneRate lane{8 * ip_bytes * lanes, shape.rate_bps};
  const std::string rate =
      format_rate(shape.rate_bps) + (lanes > 1 ? fmt::format(" over {} lanes", lanes) : "");
  if (shape.rate_bps > kHighestRate_bps) {
    return rate_problem(
        fmt::format("no slot can carry {}; the highest rate is {}", rate, format_rate(kHighestRate_bps)));
  }
  if (shape.rate_bps < lane.cell_bits) {
    return rate_problem(
        fmt::format("no slot can carry {}: a slot is at most {} and a cell is {} IP bytes; "
                    "the rate must be at least {} b/s",
                    rate, format_duration(kLongestSlot), ip_bytes, lane.cell_bits));
  }
  const uint32_t max_cells = shape.scatter ? kMaxReleasesPerSlot : kMaxCellsPerSlot;
  const uint64_t fewest = cells_in(kShortestSlot, lane, Rounding::up);
  if (fewest > max_cells) {
    return rate_problem(
        fmt::format("no slot can carry {}: a slot is at least {} and holds at most {} cells of {} bytes; "
                    "use larger cells, more lanes or a lower rate",
                    rate, format_duration(kShortestSlot), max_cells, shape.cell_bytes));
  }
  if (shape.slot < kShortestSlot || shape.slot > kLongestSlot) {
    return slot_problem(fmt::format("a slot of {} is out of range; it is {} to {}",
                                    format_duration(shape.slot), format_duration(kShortestSlot),
                                    format_duration(kLongestSlot)));
  }
  const uint64_t max = std::min<uint64_t>(cells_in(kLongestSlot, lane, Rounding::down), max_cells);
  uint64_t cells = std::max<uint64_t>(cells_in(shape.slot, lane, Rounding::nearest), 1);
  if (cells > max && shape.slot == Shape::kDefaultSlot) {
    shape.slot = time_of(max, lane);
    cells = max;
  }
  if (cells > max) {
    return slot_problem(
        fmt::format("a slot of {} would hold {} cells of {} bytes at {}, and {} is the most; "
                    "a slot of {} would do",
                    format_duration(shape.slot), cells, shape.cell_bytes, rate, max,
                    format_duration(time_of(max, lane))));
  }
  if (cells < fewest) {
    return slot_problem(
        fmt::format("a slot of {} comes out as {} with whole cells of {} bytes at {}, and {} is the least; "
                    "a slot of {} would do",
                    format_duration(shape.slot), format_duration(time_of(cells, lane)), shape.cell_bytes,
                    rate, format_duration(kShortestSlot), format_duration(time_of(fewest, lane))));
  }
  SlotPlan plan{};
  if (!plan_slots(to_request(shape, is_v6, lanes, node_lanes), plan)) {
    return slot_problem(fmt::format("no schedule keeps {} with slots of {}; try another slot", rate,
                                    format_duration(shape.slot)));
  }
  return plan;
}

tl::expected<SlotPlan, ShapeProblem> plan_peer(const NodeConfig& config, const PeerConfig& peer) {
  uint32_t node_lanes = 0;
  for (const PeerConfig& one : config.peers) node_lanes += one.lanes;
  return plan_shape(peer.shape, peer.endpoint.address.is_v6, peer.lanes, node_lanes);
}

tl::expected<PeerSteps, ShapeProblem> plan_peer_steps(const NodeConfig& config, const PeerConfig& peer) {
  PeerSteps steps;
  const auto calendar = calendar_of(peer.shape);
  steps.rates_bps = calendar ? calendar->rates() : std::vector{peer.shape.rate_bps};
  if (peer.shape.ladder) steps.rates_bps = peer.shape.ladder->rates_bps;
  for (const uint64_t rate_bps : steps.rates_bps) {
    PeerConfig at_rate = peer;
    at_rate.shape.rate_bps = rate_bps;
    auto plan = plan_peer(config, at_rate);
    if (!plan) return tl::unexpected(plan.error());
    steps.plans.push_back(*plan);
  }
  return steps;
}

std::optional<Calendar> calendar_of(const Shape& shape) {
  if (shape.calendar.empty()) return std::nullopt;
  return Calendar(shape.rate_bps, shape.calendar);
}

Shape at_highest_rate(Shape shape) {
  if (const auto calendar = calendar_of(shape)) shape.rate_bps = calendar->rates().back();
  if (shape.ladder) shape.rate_bps = shape.ladder->rates_bps.back();
  shape.calendar.clear();
  shape.ladder.reset();
  return shape;
}

Shape at_lowest_rate(Shape shape) {
  if (const auto calendar = calendar_of(shape)) shape.rate_bps = calendar->rates().front();
  if (shape.ladder) shape.rate_bps = shape.ladder->rates_bps.front();
  shape.calendar.clear();
  shape.ladder.reset();
  return shape;
}

}  // namespace cuttle
