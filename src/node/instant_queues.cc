#include "node/instant_queues.hh"

#include <fmt/format.h>

#include <algorithm>

#include "config/shape_plan.hh"
#include "io/instant_queue.hh"
#include "io/routes.hh"
#include "link/lead.hh"
#include "node/doors.hh"
#include "wire/cell.hh"

namespace cuttle {

namespace {

// Packets of one lane that wait in the queue at a time, at its highest rate.
int64_t waiting_of(const NodeConfig& config, const PeerConfig& peer, const SlotPlan& plan) {
  const auto cells = static_cast<int64_t>(plan.cells_per_release());
  const auto in_call =
      static_cast<int64_t>(config.segmentation ? max_cells_per_call(peer.shape.cell_bytes) : 1);
  const Duration lead = config.lead.value_or(Lead::kMax);
  const int64_t releases = (lead.ns / plan.period().ns + 1) * static_cast<int64_t>(plan.releases_per_slot());
  return releases * ((cells + in_call - 1) / in_call);
}

}  // namespace

std::string why_no_instants(const NodeConfig& config, const PeerConfig& peer, const std::string& underlay) {
  if (underlay.empty()) return fmt::format("no interface leads to {}", peer.name);
  const InstantQueue queue = look_at_instant_queue(underlay);
  if (!queue.why_not.empty()) return queue.why_not;
  const auto steps = plan_peer_steps(config, peer);
  if (!steps) return steps.error().message;
  int64_t waiting = 0;
  for (const SlotPlan& plan : steps->plans) waiting = std::max(waiting, waiting_of(config, peer, plan));
  if (waiting <= static_cast<int64_t>(queue.max_waiting)) return "";
  return fmt::format(
      "with this lead and slot {} packets of {} wait at a time, and the queue of {} drops all beyond {}; a "
      "shorter lead, or `tc qdisc replace dev {} root fq flow_limit {}`",
      waiting, peer.name, underlay, queue.max_waiting, underlay, 2 * waiting);
}

Result<QueueDoors> InstantQueues::find(const NodeConfig& config) {
  QueueDoors doors;
  std::map<std::string, std::vector<uint32_t>> underlays;  // and the sizes of cell that leave by each
  for (const PeerConfig& peer : config.peers) {
    const std::string underlay = underlay_of(config, peer);
    if (std::string why_not = why_no_instants(config, peer, underlay); !why_not.empty()) {
      // What the mesh says keeps no agent down.
      if (!config.is_of_mesh(peer)) return failure(fmt::format("release = \"txtime\", but {}", why_not));
      doors.why_not = std::move(why_not);
      continue;
    }
    underlays[underlay].push_back(peer.shape.cell_bytes);
  }
  // Peers that are still to come: doors are made once.
  if (const std::string underlay = own_underlay_of(config); config.mesh && !underlay.empty()) {
    if (const InstantQueue queue = look_at_instant_queue(underlay); !queue.why_not.empty()) {
      return failure(fmt::format("release = \"txtime\", but {}", queue.why_not));
    }
    const uint32_t by_default = wire::default_cell_bytes(config.listen.address.is_v6);
    underlays[underlay].push_back(config.shape.cell_bytes != 0 ? config.shape.cell_bytes : by_default);
  }
  for (auto& [underlay, cell_bytes] : underlays) {
    look_at(underlay, interfaces_[underlay]);
    interfaces_[underlay].dropped = 0;
    std::ranges::sort(cell_bytes);
    cell_bytes.erase(std::unique(cell_bytes.begin(), cell_bytes.end()), cell_bytes.end());
    for (uint32_t shard = 0; shard < std::max(config.shards, 1u); ++shard) {
      QueueDoor door;
      door.shard = shard;
      door.underlay = underlay;
      door.cell_bytes = cell_bytes;
      doors.queues.push_back(std::move(door));
      underlays_.push_back(underlay);
    }
  }
  return doors;
}

void InstantQueues::look_at(const std::string& underlay, Interface& interface) {
  const InstantQueue queue = look_at_instant_queue(underlay);
  interface.why_not = queue.why_not;
  if (!queue.why_not.empty()) {
    interface.last_dropped = 0;  // whichever comes next begins anew
    return;
  }
  const bool is_another = queue.dropped < interface.last_dropped;
  interface.dropped += is_another ? queue.dropped : queue.dropped - interface.last_dropped;
  interface.last_dropped = queue.dropped;
}

std::vector<QueueLook> InstantQueues::look(const NodeConfig& config,
                                           const std::map<std::string, std::string>& underlays) {
  std::map<std::string, std::string> troubles;
  for (auto& [underlay, interface] : interfaces_) {
    look_at(underlay, interface);
    troubles[underlay] = interface.why_not;
  }
  // What leaves by another interface now carries its instants all the same.
  for (const PeerConfig& peer : config.peers) {
    const auto known = underlays.find(peer.name);
    if (known == underlays.end() || !troubles.contains(known->second)) continue;
    const auto now = find_interface_out(peer.endpoint.address, config.firewall_mark);
    // No way at all just now is none other; nor is one into a link, where a route through a peer may lead.
    if (!now || now->empty() || *now == known->second ||
        std::ranges::count(config.peers, *now, &PeerConfig::interface_name) > 0) {
      continue;
    }
    const InstantQueue other = look_at_instant_queue(*now);
    if (other.why_not.empty()) continue;
    troubles[known->second] =
        fmt::format("the way to {} goes by {} now, and {}", peer.name, *now, other.why_not);
  }
  std::vector<QueueLook> looks;
  for (const std::string& underlay : underlays_) {
    QueueLook look;
    look.trouble = troubles.at(underlay);
    look.underlay = underlay;
    look.dropped = interfaces_.at(underlay).dropped;
    looks.push_back(std::move(look));
  }
  return looks;
}

}  // namespace cuttle
