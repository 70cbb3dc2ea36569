#include "plan/advice.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

#include "config/shape_plan.hh"
#include "crypto/aead.hh"
#include "wire/cell.hh"

namespace cuttle::plan {

namespace {

// What the kernel and the threads take besides sealing and opening: measured with links of 100 Mb/s to 4 Gb/s
// (docs/benchmarks.md). Sending and receiving a cell with segmentation offload, and waking up for a slot.
constexpr double kKernelSecondsPerCell = 1.0e-6;
constexpr double kSecondsPerSlot = 8e-6;
constexpr double kSecondsADay = 86400;
constexpr size_t kMostRates = 7;
constexpr uint32_t kNodeLanes = 2;  // a node of a cluster has several links

// 1, 1.5, 2, 3, 5, 7, 10 ... times 1 Mb/s.
std::vector<uint64_t> round_rates() {
  std::vector<uint64_t> rates;
  for (uint64_t decade = 1'000'000; decade <= 100'000'000'000; decade *= 10) {
    for (const uint64_t tenths : {10, 15, 20, 30, 50, 70}) rates.push_back(decade / 10 * tenths);
  }
  return rates;
}

uint32_t default_cell(bool is_v6) {
  return is_v6 ? wire::kDefaultCellBytesV6 : wire::kDefaultCellBytesV4;
}

}  // namespace

std::vector<uint64_t> rates_to_try(const LinkLoad& load) {
  const uint64_t least = load.mean_bps() + load.mean_bps() / 10;
  const uint64_t most = std::max(load.peak_bps(milliseconds(10)), least);
  std::vector<uint64_t> rates;
  for (const uint64_t rate : round_rates()) {
    if (rate < least) continue;
    rates.push_back(rate);
    if (rate > most + most / 10) break;
  }
  // Few enough to take in: those near the peak, and the lowest to see what thrift would cost.
  while (rates.size() > kMostRates) rates.erase(rates.begin() + 1);
  return rates;
}

Duration crypto_cost(uint32_t cell_bytes) {
  constexpr int kRounds = 4000;
  const wire::CellFormat format(cell_bytes);
  const auto aead = make_aead(best_aead_backend(), AeadKey{});
  if (!aead) return microseconds(1);
  std::vector<uint8_t> plain(format.payload_bytes());
  std::vector<uint8_t> sealed(cell_bytes);
  const std::array<uint8_t, 8> header{};
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) {
    (*aead)->seal(static_cast<uint64_t>(i), header, plain, sealed.data());
  }
  const auto took = std::chrono::steady_clock::now() - began;
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() * 2 / kRounds};
}

double cpu_of(const Shape& shape, const SlotPlan& plan, Duration crypto_of_a_cell) {
  const double slots_a_second = 1e9 / static_cast<double>(plan.period().ns);
  const double cells_a_second = slots_a_second * plan.cells_per_slot;
  const double kernel = kKernelSecondsPerCell * (0.5 + 0.5 * shape.cell_bytes / wire::kDefaultCellBytesV4);
  return slots_a_second * kSecondsPerSlot +
         cells_a_second * (kernel + static_cast<double>(crypto_of_a_cell.ns) * 1e-9);
}

Result<Advice> advise(const LinkLoad& load, const Wanted& wanted, Duration crypto_of_a_cell) {
  Advice advice;
  std::vector<uint64_t> rates = wanted.rates_bps.empty() ? rates_to_try(load) : wanted.rates_bps;
  std::sort(rates.begin(), rates.end());
  for (const uint64_t rate : rates) {
    Option option;
    option.shape = wanted.shape;
    option.shape.rate_bps = rate;
    if (option.shape.cell_bytes == 0) option.shape.cell_bytes = default_cell(load.is_v6);
    const auto plan = plan_shape(option.shape, load.is_v6, 1, kNodeLanes);
    if (!plan) return failure(plan.error().message);
    option.plan = *plan;
    option.replay = replay(load, *plan, option.shape.cell_bytes);
    option.bytes_a_day = static_cast<double>(rate) / 8 * kSecondsADay;
    option.cpu = cpu_of(option.shape, *plan, crypto_of_a_cell);
    advice.options.push_back(std::move(option));
    const Replay& tried = advice.options.back().replay;
    if (!advice.recommended && tried.keeps_up && tried.waits.p99 <= wanted.latency) {
      advice.recommended = advice.options.size() - 1;
    }
  }
  return advice;
}

}  // namespace cuttle::plan
