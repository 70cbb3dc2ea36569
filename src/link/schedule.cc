#include "link/schedule.hh"

#include <numeric>

#include "wire/cell.hh"

namespace cuttle {

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
  if (cells > kMostCellsPerSlot) return false;

  uint64_t numerator = cells * cell_bits * request.lanes * 1'000'000'000;
  uint64_t denominator = request.rate_bps;
  const uint64_t common = std::gcd(numerator, denominator);
  numerator /= common;
  denominator /= common;
  const auto period = static_cast<int64_t>(numerator / denominator);
  if (period < kShortestSlot.ns || period > kLongestSlot.ns) return false;
  plan = {static_cast<uint32_t>(cells), numerator, denominator, {period * request.jitter_percent / 100}};
  return true;
}

Schedule::Schedule(const SlotPlan& plan, Instant epoch, uint64_t seed)
    : plan_(plan), epoch_(epoch), random_(seed) {
  enter_slot();
}

void Schedule::enter_slot() {
  const auto offset =
      static_cast<unsigned __int128>(slot_) * plan_.period_numerator / plan_.period_denominator;
  start_ = epoch_ + Duration{static_cast<int64_t>(offset)};
  deadline_ = start_ + Duration{static_cast<int64_t>(random_.below(static_cast<uint64_t>(plan_.jitter.ns)))};
}

void Schedule::advance() {
  ++slot_;
  enter_slot();
}

uint64_t Schedule::skip_missed(Instant now) {
  uint64_t missed = 0;
  const Duration late = now - (deadline_ + plan_.period());
  if (late.ns < 0) return 0;
  // After a long stop (a suspended machine), go there at once and not slot by slot.
  if (late > seconds(1)) {
    const auto whole =
        static_cast<uint64_t>((late - milliseconds(500)).ns) / static_cast<uint64_t>(plan_.period().ns + 1);
    slot_ += whole;
    missed += whole;
    enter_slot();
  }
  while (now >= deadline_ + plan_.period()) {
    advance();
    ++missed;
  }
  return missed;
}

}  // namespace cuttle
