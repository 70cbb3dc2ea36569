#include "capacity/host_costs.hh"

#include <fmt/format.h>

namespace cuttle::capacity {

namespace {

struct PerSecond {
  double trains;
  double cells;
};

PerSecond per_second(const SlotPlan& plan) {
  const double slots =
      1e9 * static_cast<double>(plan.period_denominator) / static_cast<double>(plan.period_numerator);
  return {slots * plan.releases_per_slot(), slots * plan.cells_per_slot};
}

double seconds(Duration duration) {
  return static_cast<double>(duration.ns) * 1e-9;
}

std::string short_text(Duration duration) {
  return duration < microseconds(10) ? fmt::format("{:.1f} us", static_cast<double>(duration.ns) / 1000)
                                     : fmt::format("{} us", duration.ns / 1000);
}

}  // namespace

double cores_of_lane(const HostCosts& costs, const SlotPlan& plan) {
  const auto [trains, cells] = per_second(plan);
  return trains * (2 * seconds(costs.wake_up) + seconds(costs.train)) +
         cells * (seconds(costs.cell) + seconds(costs.seal_and_open));
}

double cores_of_full_lane(const HostCosts& costs, const SlotPlan& plan) {
  const auto [trains, cells] = per_second(plan);
  return cores_of_lane(costs, plan) + trains * seconds(costs.wake_up) + 2 * cells * seconds(costs.cell);
}

std::string to_string(const HostCosts& costs) {
  return fmt::format(
      "a wake-up takes {} and is {} late ({} at p99), a train {} and {} a cell, sealing and opening {} a "
      "cell",
      short_text(costs.wake_up), short_text(costs.late), short_text(costs.late_p99), short_text(costs.train),
      short_text(costs.cell), short_text(costs.seal_and_open));
}

}  // namespace cuttle::capacity
