#include "plan/advice.hh"

#include <algorithm>

#include "config/shape_plan.hh"

namespace cuttle::plan {

namespace {

constexpr double kSecondsADay = 86400;
constexpr size_t kMaxRates = 7;
constexpr uint32_t kNodeLanes = 2;  // a node of a cluster has several links

// 1, 1.5, 2, 3, 5, 7, 10 ... times 1 Mb/s.
std::vector<uint64_t> round_rates() {
  std::vector<uint64_t> rates;
  for (uint64_t decade = 1'000'000; decade <= 100'000'000'000; decade *= 10) {
    for (const uint64_t tenths : {10, 15, 20, 30, 50, 70}) rates.push_back(decade / 10 * tenths);
  }
  return rates;
}

}  // namespace

bool is_carried(const Option& option, const capacity::HostCosts& costs) {
  return option.cpu_full <= costs.cpus;
}

std::vector<uint64_t> rates_to_try(const LinkLoad& load) {
  const uint64_t min = load.mean_bps() + load.mean_bps() / 10;
  const uint64_t max = std::max(load.peak_bps(milliseconds(10)), min);
  std::vector<uint64_t> rates;
  for (const uint64_t rate : round_rates()) {
    if (rate < min) continue;
    rates.push_back(rate);
    if (rate > max + max / 10) break;
  }
  // Few enough to take in: those near the peak, and the lowest to see what thrift would cost.
  while (rates.size() > kMaxRates) rates.erase(rates.begin() + 1);
  return rates;
}

Result<Advice> advise(const LinkLoad& load, const Wanted& wanted, const capacity::HostCosts& costs) {
  Advice advice;
  advice.costs = costs;
  std::vector<uint64_t> rates = wanted.rates_bps.empty() ? rates_to_try(load) : wanted.rates_bps;
  std::sort(rates.begin(), rates.end());
  for (const uint64_t rate : rates) {
    Option option;
    option.shape = wanted.shape;
    option.shape.rate_bps = rate;
    option.shape = complete_shape(std::move(option.shape), load.is_v6);
    const auto plan = plan_shape(option.shape, load.is_v6, 1, kNodeLanes);
    if (!plan) return failure(plan.error().message);
    option.plan = *plan;
    option.replay = replay(load, *plan, option.shape.cell_bytes, costs.seal_and_open / 2);
    option.bytes_a_day = static_cast<double>(rate) / 8 * kSecondsADay;
    option.cpu = capacity::cores_of_lane(costs, *plan);
    option.cpu_full = capacity::cores_of_full_lane(costs, *plan);
    advice.options.push_back(std::move(option));
    const Replay& tried = advice.options.back().replay;
    if (!advice.recommended && tried.keeps_up && tried.waits.p99 <= wanted.latency) {
      advice.recommended = advice.options.size() - 1;
    }
  }
  return advice;
}

}  // namespace cuttle::plan
