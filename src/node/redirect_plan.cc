#include "node/redirect_plan.hh"

#include "node/assemble.hh"

namespace cuttle {

RedirectRule rule_of(const NodeConfig& config) {
  return {
      .priority = config.rule_preference, .firewall_mark = config.firewall_mark, .table = config.route_table};
}

std::vector<PortRule> port_rules_of(const NodeConfig& config) {
  std::vector<PortRule> rules;
  for (const PeerConfig& peer : config.peers) {
    const auto its = port_rules(peer.redirect, peer.ports, config.port_preference());
    rules.insert(rules.end(), its.begin(), its.end());
  }
  return rules;
}

GuardConfig guard_of(const NodeConfig& config) {
  GuardConfig guard;
  guard.first_port = config.listen.port;
  guard.firewall_mark = config.firewall_mark;
  guard.multicast = config.multicast;
  for (const PeerConfig& peer : config.peers) {
    guard.peers.push_back({peer.interface_name(), peer.redirect, peer.endpoint,
                           static_cast<uint16_t>(peer.lanes), peer.ports, peer.shape.cell_bytes});
  }
  // Nobody's cells come from there, or go there. No peer's name has a capital.
  if (!config.closed.empty())
    guard.peers.push_back({.interface = "ct-Closed", .prefixes = config.closed, .endpoint = {}});
  return guard;
}

uint32_t table_of(const NodeConfig& config, const PeerConfig& peer) {
  return peer.ports.empty() ? config.route_table : config.port_table();
}

Route blackhole_of(const IpPrefix& prefix) {
  return {prefix, true, {}, std::nullopt, kBlackholeMetric};
}

}  // namespace cuttle
