#include "node/instant_queues.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hh"
#include "config/shape_plan.hh"
#include "io/instant_queue.hh"
#include "link/lead.hh"
#include "node/doors.hh"

namespace cuttle {

namespace {

// Packets of one lane that wait in the queue at a time, at its highest rate.
int64_t waiting_of(const NodeConfig& config, const PeerConfig& peer, const SlotPlan& plan) {
  const auto cells = static_cast<int64_t>(plan.cells_per_release());
  const auto in_call =
      static_cast<int64_t>(config.segmentation ? max_cells_per_call(peer.shape.cell_bytes) : 1);
  const Duration lead = config.lead.value_or(Lead::kMax);
  // A pause is caught up at twice the rate. Scattered cells of a slot are handed over together.
  const int64_t slots = 2 * lead.ns / plan.period().ns + (plan.scatter ? 2 : 1);
  const int64_t releases = slots * static_cast<int64_t>(plan.releases_per_slot());
  return releases * ((cells + in_call - 1) / in_call);
}

std::string text_of(const InstantRules& rules) {
  if (!rules.goes_by_tai()) return std::string(rules.name());
  return fmt::format("{}, delta {}, priority {}", rules.name(), format_duration(rules.delta), rules.priority);
}

// For whoever the mesh will name: with the shape of root's file, beside those there are.
std::string why_no_instants_for_the_mesh(NodeConfig config, const std::string& underlay) {
  if (config.shape.rate_bps == 0) return look_at_instant_queue(underlay).why_not;
  PeerConfig peer;
  peer.name = "a peer of the mesh";
  peer.endpoint = config.listen;
  peer.shape = complete_shape(config.shape, config.listen.address.is_v6);
  config.peers.push_back(peer);
  return why_no_instants(config, peer, underlay);
}

}  // namespace

std::string why_no_instants(const NodeConfig& config, const PeerConfig& peer, const std::string& underlay) {
  if (underlay.empty()) return fmt::format("no interface leads to {}", peer.name);
  const InstantQueue queue = look_at_instant_queue(underlay);
  if (!queue.why_not.empty()) return queue.why_not;
  if (config.lead && *config.lead <= queue.rules.notice()) {
    return fmt::format(
        "with a lead of {} trains would come too late for etf on {}, which hands them to the card {} ahead; "
        "a "
        "longer lead, or none, which then follows",
        format_duration(*config.lead), underlay, format_duration(queue.rules.delta));
  }
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

std::vector<std::string> describe_instant_queues(const NodeConfig& config) {
  std::vector<std::string> lines;
  if (config.release != ReleaseBy::txtime) return lines;
  const auto all = [](const PeerConfig& /*peer*/, const std::string& underlay) { return !underlay.empty(); };
  for (const auto& [underlay, sizes] : cell_sizes_by_underlay(config, all)) {
    const InstantQueue queue = look_at_instant_queue(underlay);
    if (!queue.why_not.empty()) continue;
    lines.push_back(fmt::format("cells on {} are released by {}", underlay, text_of(queue.rules)));
  }
  return lines;
}

Result<QueueDoors> InstantQueues::find(const NodeConfig& config) {
  QueueDoors doors;
  std::string missing;  // of what root says; what the mesh says keeps no agent down
  const auto sizes = cell_sizes_by_underlay(config, [&](const PeerConfig& peer, const std::string& underlay) {
    std::string why_not = why_no_instants(config, peer, underlay);
    if (why_not.empty()) return true;
    if (!config.is_of_mesh(peer) && missing.empty()) missing = why_not;
    doors.why_not = std::move(why_not);
    return false;
  });
  if (const std::string underlay = own_underlay_of(config);
      missing.empty() && config.mesh && !underlay.empty()) {
    missing = why_no_instants_for_the_mesh(config, underlay);
  }
  if (!missing.empty()) return failure(fmt::format("release = \"txtime\", but {}", missing));
  for (const auto& [underlay, cell_bytes] : sizes) {
    const InstantRules rules = look_at_instant_queue(underlay).rules;
    interfaces_[underlay].rules = rules;
    look_at(underlay, interfaces_[underlay]);
    interfaces_[underlay].dropped = 0;
    for (uint32_t shard = 0; shard < std::max(config.shards, 1u); ++shard) {
      QueueDoor door;
      door.shard = shard;
      door.underlay = underlay;
      door.cell_bytes = cell_bytes;
      door.instants = rules;
      doors.queues.push_back(std::move(door));
      underlays_.push_back(underlay);
    }
  }
  return doors;
}

void InstantQueues::look_at(const std::string& underlay, Interface& interface) {
  const InstantQueue queue = look_at_instant_queue(underlay);
  if (queue.is_unknown) return;  // as it was, until it can be looked at again
  interface.why_not = queue.why_not;
  if (queue.why_not.empty() && queue.rules != interface.rules) {
    interface.why_not =
        fmt::format("the queue of {} is another one than at the start ({}, not {}); restart the agent",
                    underlay, text_of(queue.rules), text_of(interface.rules));
  }
  if (!interface.why_not.empty()) {
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
    const auto now = way_out_now(config, peer);
    if (!now || *now == known->second) continue;
    const InstantQueue other = look_at_instant_queue(*now);
    const bool is_alike = other.rules == interfaces_.at(known->second).rules;
    if (other.why_not.empty() && is_alike) continue;
    troubles[known->second] =
        fmt::format("the way to {} goes by {} now, and {}", peer.name, *now,
                    other.why_not.empty() ? "its queue is " + text_of(other.rules) : other.why_not);
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
