#include "node/redirect.hh"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "config/shape_plan.hh"
#include "io/borrowed_route.hh"
#include "io/clock_device.hh"
#include "io/egress_lock.hh"
#include "io/links.hh"
#include "io/tun.hh"
#include "node/leftovers.hh"
#include "node/others_interface.hh"
#include "node/redirect_plan.hh"
#include "node/ways.hh"

namespace cuttle {

namespace {

// Packets that the kernel may queue for a link: what comes while the packer's thread is kept from running. It
// takes them all as soon as it runs (packer_loop.hh), so this is no queue to wait in.
constexpr uint32_t kQueuePackets = 128;
// The kernel hands over packets that take at most about this long on the wire, so that no small packet waits
// long behind one.
constexpr Duration kLongestPacketTime = milliseconds(1);
constexpr uint32_t kMaxPacketBytes = 65536;
constexpr uint32_t kMinPacketBytes = 4096;

uint32_t largest_packet_bytes(const Shape& shape) {
  const auto bytes = static_cast<uint64_t>(static_cast<double>(shape.rate_bps) / 8e9 *
                                           static_cast<double>(kLongestPacketTime.ns));
  return static_cast<uint32_t>(std::clamp<uint64_t>(bytes, kMinPacketBytes, kMaxPacketBytes));
}

void keep_first(Result<void>& all, Result<void> one) {
  if (all && !one) all = std::move(one);
}

// What the file may have said before: a peer's routes are in one table only.
Result<void> leave_other_table(const NodeConfig& config, const PeerConfig& peer) {
  const uint32_t other = peer.ports.empty() ? config.port_table() : config.route_table;
  for (const IpPrefix& prefix : peer.redirect) {
    if (auto removed = remove_routes(other, prefix); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<GuardConfig> guard_on_this_machine(const NodeConfig& config) {
  GuardConfig guard = guard_of(config);
  auto bridges = filtered_bridges();
  if (!bridges) return tl::unexpected(bridges.error());
  guard.bridges = std::move(*bridges);
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  for (GuardPeer& peer : guard.peers) {
    peer.others_interface = std::ranges::any_of(
        *links, [&](const Link& link) { return link.name == peer.interface && is_others(config, link); });
  }
  return guard;
}

namespace {

// Each closes by itself; where a machine cannot have the lock as well, the log says so.
Result<void> guard_and_lock(const NodeConfig& config) {
  const auto guard = guard_on_this_machine(config);
  if (!guard) return tl::unexpected(guard.error());
  auto applied = apply_guard(*guard);
  if (auto locked = apply_lock(*guard); !locked) {
    spdlog::warn(
        "without the lock at the egress, whoever flushes the firewall's rules opens a way past the links: {}",
        locked.error().message);
  }
  return applied;
}

}  // namespace

Result<void> close_routes(const NodeConfig& config) {
  Result<void> closed;
  for (const PeerConfig& peer : config.peers) {
    for (const IpPrefix& prefix : peer.redirect) {
      keep_first(closed, set_blackhole(table_of(config, peer), prefix));
    }
  }
  for (const IpPrefix& prefix : config.closed) {
    keep_first(closed, set_blackhole(config.route_table, prefix));
  }
  keep_first(closed, add_rule(rule_of(config)));
  keep_first(closed, set_port_rules(config.port_table(), port_rules_of(config)));
  return closed;
}

Result<void> close_all(const NodeConfig& config) {
  Result<void> closed = close_routes(config);
  keep_first(closed, guard_and_lock(config));
  if (!closed) return closed;
  for (const PeerConfig& peer : config.peers) {
    if (auto left = leave_other_table(config, peer); !left) return left;
  }
  return {};
}

Result<void> open_link(const NodeConfig& config, const PeerConfig& peer) {
  if (auto free = check_no_others_interface(config, peer); !free) return free;
  LinkSettings settings;
  settings.up = true;
  settings.mtu = config.inner_mtu;
  settings.queue_packets = kQueuePackets;
  settings.largest_gso_bytes = largest_packet_bytes(at_lowest_rate(peer.shape));
  settings.quiet_ipv6 = true;
  settings.with_ipv6 = std::any_of(peer.redirect.begin(), peer.redirect.end(),
                                   [](const IpPrefix& prefix) { return prefix.address.is_v6; });
  if (auto set = set_link(peer.interface_name(), settings); !set) return set;
  bool left_closed = false;
  for (const IpPrefix& prefix : peer.redirect) {
    if (has_no_ipv6(peer, prefix)) {
      left_closed = true;
      continue;
    }
    auto set =
        set_link_route(table_of(config, peer), prefix, peer.interface_name(), source_for(config, prefix));
    if (!set) return set;
  }
  if (left_closed) {
    spdlog::warn("link {}: IPv6 is off on its interface, so traffic to its IPv6 addresses waits: {}",
                 peer.name, sysctl_command("ipv6", peer.interface_name(), "disable_ipv6", "0"));
  }
  return {};
}

Result<void> withdraw_routes(const NodeConfig& before, const NodeConfig& after) {
  const auto redirects = [&](const IpPrefix& prefix) {
    return std::find(after.closed.begin(), after.closed.end(), prefix) != after.closed.end() ||
           std::any_of(after.peers.begin(), after.peers.end(), [&](const PeerConfig& peer) {
             return std::find(peer.redirect.begin(), peer.redirect.end(), prefix) != peer.redirect.end();
           });
  };
  for (const PeerConfig& peer : before.peers) {
    for (const IpPrefix& prefix : peer.redirect) {
      if (redirects(prefix)) continue;
      if (auto removed = remove_routes(table_of(before, peer), prefix); !removed) return removed;
    }
  }
  // What no link carries any more, and stays closed.
  for (const IpPrefix& prefix : after.closed) {
    if (auto removed = remove_link_route(after.route_table, prefix); !removed) return removed;
    if (auto removed = remove_routes(after.port_table(), prefix); !removed) return removed;
  }
  for (const IpPrefix& prefix : before.closed) {
    if (redirects(prefix)) continue;
    if (auto removed = remove_routes(before.route_table, prefix); !removed) return removed;
  }
  return {};
}

Result<void> open_links(const NodeConfig& config) {
  for (const PeerConfig& peer : config.peers) {
    if (auto opened = open_link(config, peer); !opened) return opened;
  }
  return {};
}

namespace {

Result<void> remove_interfaces(const NodeConfig& config) {
  const auto links = links_with_alias(alias_of_node(config.name));
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    if (auto removed = remove_tun_link(link.name); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<void> remove_redirect_but(const NodeConfig& config, const std::vector<ClosedAddress>& closed_before) {
  if (closed_before.empty()) return remove_redirect(config);
  const NodeConfig stays = closing_only(config, closed_before);
  if (auto removed = remove_interfaces(config); !removed) return removed;
  if (auto removed = remove_clock_devices(clock_alias_of_node(config.name)); !removed) return removed;
  if (auto closed = close_all(stays); !closed) return closed;
  return withdraw_routes(config, stays);
}

Result<void> remove_redirect(const NodeConfig& config) {
  // The interfaces first: from then on traffic to a peer meets the blackhole, until that goes, too.
  if (auto removed = remove_interfaces(config); !removed) return removed;
  // All tables that rules of ours name: the file may have named others when they were set.
  const auto tables = tables_in_use(config);
  if (!tables) return tl::unexpected(tables.error());
  for (const uint32_t table : *tables) {
    if (auto removed = remove_all_routes(table); !removed) return removed;
    if (auto removed = set_port_rules(table, {}); !removed) return removed;
  }
  const auto rules = list_rules();
  if (!rules) return tl::unexpected(rules.error());
  for (const RedirectRule& rule : *rules) {
    if (auto removed = remove_rule(rule); !removed) return removed;
  }
  if (auto removed = remove_borrowed_routes(); !removed) return removed;
  if (auto removed = remove_guard(); !removed) return removed;
  if (auto removed = remove_clock_devices(clock_alias_of_node(config.name)); !removed) return removed;
  return remove_lock();
}

Result<void> restore_guard(const NodeConfig& config) {
  return guard_and_lock(config);
}

Result<GuardStatus> guard_status() {
  const auto counts = guard_counts();
  if (!counts) return tl::unexpected(counts.error());
  GuardStatus status;
  for (const auto& [interface, dropped] : *counts) {
    status.unshaped_dropped_in += dropped.entry_packets;
    status.unshaped_dropped_out += dropped.exit_packets;
  }
  return status;
}

}  // namespace cuttle
