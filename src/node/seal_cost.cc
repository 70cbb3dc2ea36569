#include "node/seal_cost.hh"

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.hh"
#include "io/clock.hh"

namespace cuttle {

namespace {

constexpr size_t kRounds = 15;  // of which the median counts: some may be interrupted
constexpr int kCells = 32;

Duration measure_one(AeadBackend backend, const wire::CellFormat& format) {
  const auto aead = make_aead(backend, AeadKey{});
  CUTTLE_CHECK(aead.has_value(), "the backend is available");
  const std::vector<uint8_t> payload(format.payload_bytes());
  std::vector<uint8_t> cell(format.cell_bytes());
  const MonotonicClock clock;
  std::array<Duration, kRounds> took;
  for (Duration& round : took) {
    const Instant began = clock.now();
    for (int i = 0; i < kCells; ++i) {
      (*aead)->seal(static_cast<uint64_t>(i), Bytes(cell).first(wire::kEspHeaderBytes), payload,
                    cell.data() + wire::kSealedOffset);
    }
    round = clock.now() - began;
  }
  std::nth_element(took.begin(), took.begin() + kRounds / 2, took.end());
  return took[kRounds / 2] / kCells;
}

}  // namespace

SealCost SealCost::measure(AeadBackend backend) {
  return {measure_one(backend, wire::CellFormat(wire::kSmallestCellBytes)),
          measure_one(backend, wire::CellFormat(wire::kLargestCellBytes))};
}

Duration SealCost::of(const wire::CellFormat& format) const {
  const auto above = static_cast<int64_t>(format.cell_bytes() - wire::kSmallestCellBytes);
  constexpr int64_t kAll = wire::kLargestCellBytes - wire::kSmallestCellBytes;
  return smallest_ + (largest_ - smallest_) * above / kAll;
}

}  // namespace cuttle
