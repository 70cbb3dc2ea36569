#include "link/schedule.hh"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "wire/cell.hh"

namespace cuttle {

namespace {

constexpr uint64_t kFewestTrains = 2;                       // in a slot
constexpr Duration kShortestSlotOfTwo = microseconds(400);  // shorter ones would cost twice the wake-ups
constexpr uint32_t kMostSegments = 64;                      // UDP_MAX_SEGMENTS of kernels before 6.9
constexpr uint32_t kMostUdpPayload = 65507;                 // 65,535 less IPv4 and UDP headers

}  // namespace

uint32_t most_cells_per_call(uint32_t cell_bytes) {
  return std::clamp(kMostUdpPayload / cell_bytes, 1u, kMostSegments);
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
  // Trains of equal length, each left whole until the network card cuts it. Two at least where they can be:
  // gaps between several draws in one slot vary more than those between a draw each in two half as long, and
  // hide more (hiding.hh). At fixed intervals nothing hides, and a slot stays one train, of several calls
  // where it must.
  uint64_t trains = 1;
  if (!request.scatter && request.jitter_percent > 0) {
    const uint64_t most = most_cells_per_call(request.cell_bytes);
    const uint64_t fewest = request.slot < kShortestSlotOfTwo ? 1 : kFewestTrains;
    trains = std::max((cells + most - 1) / most, std::min(cells, fewest));
    cells = cells / trains * trains;
    if (cells * cell_e9 / request.rate_bps < static_cast<uint64_t>(kShortestSlot.ns)) cells += trains;
  }
  if (cells > kMostCellsPerSlot) return false;
  if ((request.scatter ? cells : trains) > kMostReleasesPerSlot) return false;

  uint64_t numerator = cells * cell_bits * request.lanes * 1'000'000'000;
  uint64_t denominator = request.rate_bps;
  const uint64_t common = std::gcd(numerator, denominator);
  numerator /= common;
  denominator /= common;
  const auto period = static_cast<int64_t>(numerator / denominator);
  if (period < kShortestSlot.ns || period > kLongestSlot.ns) return false;
  const uint32_t percent = request.scatter && request.jitter_percent == 0 ? 100 : request.jitter_percent;
  plan = {static_cast<uint32_t>(cells), numerator,       denominator,
          {period * percent / 100},     request.scatter, static_cast<uint32_t>(trains)};
  return true;
}

Schedule::Schedule(const SlotPlan& plan, Instant epoch, Draws draws)
    : plan_(plan), epoch_(epoch), draws_(std::move(draws)) {
  enter_slot();
}

void Schedule::handle_epoch(Instant epoch) {
  epoch_ = epoch;
  slot_ = 0;
  enter_slot();
}

void Schedule::enter_slot() {
  const auto offset =
      static_cast<unsigned __int128>(slot_) * plan_.period_numerator / plan_.period_denominator;
  start_ = epoch_ + Duration{static_cast<int64_t>(offset)};
  release_ = 0;
  if (plan_.releases_per_slot() > 1) {
    draw_several();
    deadline_ = start_ + Duration{offsets_ns_[0]};
  } else {
    deadline_ = start_ + Duration{static_cast<int64_t>(draws_.below(static_cast<uint64_t>(plan_.jitter.ns)))};
  }
}

// Every second one of twice as many instants, drawn uniformly in what the distances leave over and put in
// order; then moved apart by the distances. So short gaps are rare, the rarer the shorter: the lengths of
// gaps have no edge at which a late release would show.
void Schedule::draw_several() {
  const size_t releases = plan_.releases_per_slot();
  const int64_t share = plan_.jitter.ns / static_cast<int64_t>(releases);
  const int64_t distance = std::min(kScatterDistance.ns, share / 2);
  const auto room = static_cast<uint64_t>(plan_.jitter.ns - distance * static_cast<int64_t>(releases));
  const std::span drawn = std::span(offsets_ns_).first(2 * releases);
  for (uint32_t& offset : drawn) offset = static_cast<uint32_t>(draws_.below(room));
  std::sort(drawn.begin(), drawn.end());
  for (size_t i = 0; i < releases; ++i)
    offsets_ns_[i] = drawn[2 * i + 1] + static_cast<uint32_t>(distance * static_cast<int64_t>(i));
}

void Schedule::advance() {
  if (++release_ < plan_.releases_per_slot()) {
    deadline_ = start_ + Duration{offsets_ns_[release_]};
    return;
  }
  ++slot_;
  enter_slot();
}

Schedule::Aftermath Schedule::handle_released(Instant now) {
  Aftermath aftermath;
  handle_late(now - deadline());
  advance();
  earliest_ = {INT64_MIN};
  if (now - deadline_ > kLongestPause) aftermath.left_out = skip_missed(now);
  if (deadline_ < now) {
    aftermath.behind = true;
    earliest_ = now + plan_.period() / plan_.releases_per_slot() / 2;
  }
  return aftermath;
}

void Schedule::handle_late(Duration late) {
  if (late.ns <= 0) return;
  const std::span rest = std::span(offsets_ns_).first(plan_.releases_per_slot()).subspan(release_ + 1);
  if (rest.empty()) return;
  const int64_t room_ns = std::max<int64_t>(0, plan_.jitter.ns - 1 - rest.back());
  const auto shift_ns = static_cast<uint32_t>(std::min(late.ns, room_ns));
  for (uint32_t& offset : rest) offset += shift_ns;
}

uint64_t Schedule::skip_missed(Instant now) {
  uint64_t missed = 0;
  const Duration late = now - (deadline_ + plan_.period());
  if (late.ns < 0) return 0;
  // After a long stop (a suspended machine), or where the epoch is long ago, go there at once and not slot by
  // slot. A period short of it, for a release can be due at the end of its slot.
  if (late > plan_.period() * 4) {
    const auto whole = static_cast<uint64_t>(static_cast<unsigned __int128>((late - plan_.period()).ns) *
                                             plan_.period_denominator / plan_.period_numerator);
    slot_ += whole;
    missed += whole * plan_.releases_per_slot() - release_;
    enter_slot();
  }
  while (now >= deadline_ + plan_.period()) {
    advance();
    ++missed;
  }
  return missed;
}

}  // namespace cuttle
