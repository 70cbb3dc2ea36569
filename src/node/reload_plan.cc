#include "node/reload_plan.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle {

namespace {

bool same_but_for_keys(PeerConfig a, PeerConfig b) {
  for (PeerConfig* peer : {&a, &b}) {
    peer->public_key = {};
    peer->next_public_key.reset();
    peer->preshared_key_file.clear();
    peer->joining = false;  // a matter of routes, not of the link
    peer->joining_limit.reset();
    peer->line = 0;
  }
  return a == b;
}

std::vector<PeerConfig>::const_iterator find_peer(const NodeConfig& config, const std::string& name) {
  return std::find_if(config.peers.begin(), config.peers.end(),
                      [&](const PeerConfig& peer) { return peer.name == name; });
}

}  // namespace

ReloadPlan compare_links(const NodeConfig& now, const NodeKeys& keys_now,
                         const std::vector<std::string>& running, const NodeConfig& wanted,
                         const NodeKeys& keys_wanted) {
  ReloadPlan changes;
  const bool own_key_same = keys_now.private_key == keys_wanted.private_key;
  for (size_t i = 0; i < wanted.peers.size(); ++i) {
    const PeerConfig& peer = wanted.peers[i];
    const auto before = find_peer(now, peer.name);
    const bool runs = std::find(running.begin(), running.end(), peer.name) != running.end();
    if (before == now.peers.end() || !runs) {
      changes.added.push_back(i);
    } else if (!same_but_for_keys(*before, peer)) {
      changes.restarted.push_back(i);
    } else {
      const auto& preshared = keys_now.preshared[static_cast<size_t>(before - now.peers.begin())];
      const bool same = own_key_same && before->public_key == peer.public_key &&
                        before->next_public_key == peer.next_public_key &&
                        preshared == keys_wanted.preshared[i];
      (same ? changes.kept : changes.rekeyed).push_back(i);
    }
  }
  for (const std::string& name : running) {
    if (find_peer(wanted, name) == wanted.peers.end()) changes.removed.push_back(name);
  }
  return changes;
}

bool says_the_same(NodeConfig a, NodeConfig b) {
  for (NodeConfig* config : {&a, &b}) {
    for (PeerConfig& peer : config->peers) peer.line = peer.line == 0 ? 0 : 1;  // 0: the mesh's
  }
  return a == b;
}

ReloadReport report_of(const ReloadPlan& changes, const NodeConfig& wanted) {
  const auto names_of = [&](const std::vector<size_t>& places) {
    std::vector<std::string> names;
    for (const size_t i : places) names.push_back(wanted.peers[i].name);
    return names;
  };
  return {.reloaded = true,
          .added = names_of(changes.added),
          .restarted = names_of(changes.restarted),
          .rekeyed = names_of(changes.rekeyed),
          .kept = names_of(changes.kept),
          .removed = changes.removed,
          .problems = {}};
}

void check_unchangeable(const NodeConfig& now, const NodeConfig& wanted, const SourceMap& lines,
                        Problems& problems) {
  const auto check = [&](std::string_view path, bool same) {
    if (same) return;
    problems.add(lines.line(path),
                 fmt::format("{}: not what the agent runs with; that takes a restart of it", path));
  };
  check("relay", now.relay == wanted.relay);
  check("shape.ladder", now.shape.ladder == wanted.shape.ladder);
  check("node.name", now.name == wanted.name);
  check("node.listen", now.listen == wanted.listen);
  check("node.addresses", now.addresses == wanted.addresses);
  check("node.accept", now.accept == wanted.accept);
  check("node.multicast", now.multicast == wanted.multicast);
  check("node.status_group", now.status_group == wanted.status_group);
  check("node.control_socket", now.control_socket == wanted.control_socket);
  check("node.renew_preshared", now.renew_preshared == wanted.renew_preshared);
  check("node.renewed_file", now.renewed_file == wanted.renewed_file);
  check("node.firewall_mark", now.firewall_mark == wanted.firewall_mark);
  check("node.route_table", now.route_table == wanted.route_table);
  check("node.rule_preference", now.rule_preference == wanted.rule_preference);
  check("node.inner_mtu", now.inner_mtu == wanted.inner_mtu);
  check("runtime.user", now.user == wanted.user);
  check("runtime.driver", now.driver == wanted.driver);
  check("runtime.realtime", now.realtime == wanted.realtime);
  check("runtime.poll_before", now.poll_before == wanted.poll_before);
  check("runtime.cpu_latency", now.cpu_latency == wanted.cpu_latency);
  check("runtime.release", now.release == wanted.release);
  check("runtime.lead", now.lead == wanted.lead);
  check("runtime.segmentation", now.segmentation == wanted.segmentation);
  check("runtime.spin", now.spin == wanted.spin);
  check("runtime.shards", now.shards == wanted.shards);
  check("runtime.cpus", now.cpus == wanted.cpus);
}

}  // namespace cuttle
