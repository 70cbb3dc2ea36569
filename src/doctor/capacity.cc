#include "doctor/capacity.hh"

#include <fmt/format.h>

#include "capacity/measure_host.hh"
#include "config/shape_plan.hh"
#include "wire/cell.hh"

namespace cuttle::doctor {

Finding capacity_finding(const NodeConfig& config, const capacity::HostCosts& costs) {
  double cover = 0;
  double full = 0;
  for (PeerConfig peer : config.peers) {
    peer.shape = at_highest_rate(std::move(peer.shape));
    const auto plan = plan_peer(config, peer);
    if (!plan) continue;
    cover += peer.lanes * capacity::cores_of_lane(costs, *plan);
    full += peer.lanes * capacity::cores_of_full_lane(costs, *plan);
  }
  const std::string cpus = fmt::format("{} CPU{}", costs.cpus, costs.cpus == 1 ? "" : "s");
  const std::string what = fmt::format("the links take {:.2f} of this machine's {}, full of data {:.2f}: {}",
                                       cover, cpus, full, to_string(costs));
  if (cover > capacity::kMaxForCover * costs.cpus) {
    return {Mark::bad, what,
            "lower rates, or longer slots (rate and slot in [shape]): with so much cover, data is slow and "
            "pings are "
            "late"};
  }
  if (full > costs.cpus) {
    return {Mark::unsure, what,
            "there is cover enough, but less data than the rates have room for; lower rates cost less"};
  }
  return {Mark::good, what, ""};
}

Finding examine_capacity(const NodeConfig& config) {
  const uint32_t cell_bytes =
      config.peers.empty() ? wire::kDefaultCellBytesV4 : config.peers.front().shape.cell_bytes;
  const auto costs = capacity::measure_host(best_aead_backend(), cell_bytes);
  if (!costs) {
    return {Mark::unsure, "what this machine can carry could not be measured: " + costs.error().message,
            "ip link set lo up"};
  }
  return capacity_finding(config, *costs);
}

}  // namespace cuttle::doctor
