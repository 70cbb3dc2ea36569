#include "link/slot_plan.hh"

#include <algorithm>
#include <numeric>

#include "wire/cell.hh"

namespace cuttle {

namespace {

constexpr uint64_t kTrainsOfOneLane = 2;  // in a slot
// A train that takes more calls is several trains: a burst must fit the buffers on its way.
constexpr uint64_t kMaxCallsPerTrain = 3;
// From release to release of all of a node's lanes, in the mean: drawn from that much, a release hides how
// late it is; from less, it tells more than the steps between calls that leave together (hiding.hh).
constexpr Duration kShortestHiddenGap = microseconds(400);
constexpr uint32_t kMaxSegments = 64;       // UDP_MAX_SEGMENTS of kernels before 6.9
constexpr uint32_t kMaxUdpPayload = 65507;  // 65,535 less IPv4 and UDP headers

// So many of at most `max` cells each.
uint64_t parts_of(uint64_t cells, uint64_t max) {
  return (cells + max - 1) / max;
}

}  // namespace

uint32_t max_cells_per_call(uint32_t cell_bytes) {
  return std::clamp(kMaxUdpPayload / cell_bytes, 1u, kMaxSegments);
}

bool plan_slots(const ShapeRequest& request, SlotPlan& plan) {
  if (request.rate_bps == 0 || request.lanes == 0 || request.slot.ns <= 0) return false;
  if (request.slot > kLongestSlot || request.rate_bps > 1'000'000'000'000) return false;
  if (request.jitter_percent > 100) return false;  // releases would change places
  const uint64_t cell_bits = wire::CellFormat(request.cell_bytes).ip_bytes(request.is_v6) * 8;
  const unsigned __int128 bits_per_slot_e9 =
      static_cast<unsigned __int128>(request.rate_bps) * static_cast<uint64_t>(request.slot.ns);
  const unsigned __int128 cell_e9 = static_cast<unsigned __int128>(cell_bits) * 1'000'000'000 * request.lanes;
  auto cells = static_cast<uint64_t>((bits_per_slot_e9 + cell_e9 / 2) / cell_e9);
  if (cells == 0) cells = 1;
  // Trains of equal length, each one call, left whole until the network card cuts it. A lane that is alone
  // has two of them in a slot, which shortens the wait for the next; of several lanes, each has one, since
  // all of a node's releases together must not come too often to hide lateness. Where they would, several
  // calls leave together, as one train: how far apart they are shows the CPU's speed, but only behind fast
  // ports. At fixed intervals nothing hides, and a slot stays one train, of several calls where it must.
  const uint64_t max = max_cells_per_call(request.cell_bytes);
  uint64_t trains = 1;
  if (!request.scatter && request.jitter_percent > 0) {
    const uint64_t calls = parts_of(cells, max);
    const Duration gap = request.slot / static_cast<int64_t>(calls * request.node_lanes);
    if (gap < kShortestHiddenGap) {
      trains = parts_of(cells, max * kMaxCallsPerTrain);
    } else {
      trains = calls == 1 && request.node_lanes == 1 ? std::min(cells, kTrainsOfOneLane) : calls;
    }
    cells = cells / trains * trains;
    if (cells * cell_e9 / request.rate_bps < static_cast<uint64_t>(kShortestSlot.ns)) cells += trains;
  }
  if (cells > kMaxCellsPerSlot) return false;
  if ((request.scatter ? cells : trains) > kMaxReleasesPerSlot) return false;

  uint64_t numerator = cells * cell_bits * request.lanes * 1'000'000'000;
  uint64_t denominator = request.rate_bps;
  const uint64_t common = std::gcd(numerator, denominator);
  numerator /= common;
  denominator /= common;
  const auto period = static_cast<int64_t>(numerator / denominator);
  if (period < kShortestSlot.ns || period > kLongestSlot.ns) return false;
  const uint64_t cells_a_release = request.scatter ? 1 : cells / trains;
  const uint32_t percent = request.scatter && request.jitter_percent == 0 ? 100 : request.jitter_percent;
  plan = {static_cast<uint32_t>(cells),
          numerator,
          denominator,
          {period * percent / 100},
          request.scatter,
          static_cast<uint32_t>(trains),
          request.node_lanes,
          static_cast<uint32_t>(parts_of(cells_a_release, max))};
  return true;
}

}  // namespace cuttle
