#include "node/redirect_watch.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "io/egress_lock.hh"
#include "io/links.hh"
#include "node/others_interface.hh"
#include "node/redirect.hh"
#include "node/redirect_plan.hh"
#include "node/ways.hh"

namespace cuttle {

namespace {

Result<bool> rules_are_whole(const NodeConfig& config) {
  const auto present = rule_is_present(rule_of(config));
  if (!present || !*present) return present;
  auto wanted = port_rules_of(config);
  if (wanted.empty()) return true;
  const auto port_rules = list_port_rules(config.port_table());
  if (!port_rules) return tl::unexpected(port_rules.error());
  std::sort(wanted.begin(), wanted.end());
  return std::includes(port_rules->begin(), port_rules->end(), wanted.begin(), wanted.end());
}

// A peer whose link could not be had is closed alone: what it has no interface for is not missing.
bool is_left_out(const NodeConfig& config, const PeerConfig& peer, const HasLink& has_link) {
  if (has_link(peer)) return false;
  const auto link = find_link(peer.interface_name());
  return link && (!*link || is_others(config, **link));
}

// A network manager that thinks them its own gives them another MTU, and no packet of the other end's size
// fits.
Result<bool> links_are_whole(const NodeConfig& config, const HasLink& has_link) {
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  return std::all_of(config.peers.begin(), config.peers.end(), [&](const PeerConfig& peer) {
    return is_left_out(config, peer, has_link) ||
           std::any_of(links->begin(), links->end(), [&](const Link& link) {
             return link.name == peer.interface_name() && !is_others(config, link) && link.up &&
                    link.mtu == config.inner_mtu;
           });
  });
}

}  // namespace

Result<bool> routes_are_whole(const NodeConfig& config, const HasLink& has_link) {
  if (const auto whole = rules_are_whole(config); !whole || !*whole) return whole;
  if (const auto whole = links_are_whole(config, has_link); !whole || !*whole) return whole;
  for (const uint32_t table : {config.route_table, config.port_table()}) {
    if (table == config.port_table() && !config.has_port_lists()) continue;
    const auto routes = list_routes(table);
    if (!routes) return tl::unexpected(routes.error());
    const auto has = [&](const Route& route) {
      return std::find(routes->begin(), routes->end(), route) != routes->end();
    };
    const auto leads_in = [&](const PeerConfig& peer, const IpPrefix& prefix) {
      if (has_no_ipv6(peer, prefix)) return true;  // nothing can
      return has({prefix, false, peer.interface_name(), source_for(config, prefix), kLinkMetric});
    };
    if (table == config.route_table &&
        !std::all_of(config.closed.begin(), config.closed.end(),
                     [&](const IpPrefix& prefix) { return has(blackhole_of(prefix)); })) {
      return false;
    }
    for (const PeerConfig& peer : config.peers) {
      if (table_of(config, peer) != table) continue;
      for (const IpPrefix& prefix : peer.redirect) {
        if (!has(blackhole_of(prefix))) return false;
        if (!leads_in(peer, prefix) && !is_left_out(config, peer, has_link)) return false;
      }
    }
  }
  return true;
}

Result<void> restore_routes(const NodeConfig& config, const HasLink& has_link) {
  Result<void> restored = close_routes(config);
  for (const PeerConfig& peer : config.peers) {
    if (is_left_out(config, peer, has_link)) continue;
    auto opened = open_link(config, peer);
    if (restored && !opened) restored = std::move(opened);
  }
  return restored;
}

void RedirectWatch::handle_timeout(Instant now, const NodeConfig& routed, const NodeConfig& guarded,
                                   const HasLink& has_link) {
  if (now - looked_ < kRound) return;
  looked_ = now;
  watch_guard(guarded);
  watch_lock(guarded);
  watch_routes(routed, has_link);
  watch_ways(routed);
}

void RedirectWatch::handle_change(Instant now, const NodeConfig& closed) {
  if (now - looked_ < kRound) return;
  looked_ = now;
  watch_guard(closed);
  watch_lock(closed);
  if (auto set = close_routes(closed); !set) {
    spdlog::error("rules or blackholes cannot be put back: {}", set.error().message);
  }
}

void RedirectWatch::watch_guard(const NodeConfig& guarded) {
  const auto wanted = guard_on_this_machine(guarded);
  const auto whole = wanted ? guard_is_whole(*wanted) : Result<bool>(tl::unexpected(wanted.error()));
  guard_.handle_look(
      whole, [&] { return restore_guard(guarded); },
      {.name = "the guard",
       .missing = "the guard is gone",
       .is_back =
           "the guard (nftables table inet cuttle) was gone, and is back; something flushed the ruleset, "
           "a bridge is new, or an interface of somebody else's got the name of a link's"});
}

void RedirectWatch::watch_lock(const NodeConfig& guarded) {
  const auto guard = guard_on_this_machine(guarded);
  const auto wrong =
      guard ? devices_locked_wrong(*guard) : Result<std::vector<Link>>(tl::unexpected(guard.error()));
  std::string names;
  for (const Link& device : wrong.value_or(std::vector<Link>())) names += " " + device.name;
  lock_.handle_look(wrong.map([](const auto& devices) { return devices.empty(); }),
                    [&] { return guard ? apply_lock(*guard) : Result<void>(tl::unexpected(guard.error())); },
                    {.name = "the lock at the egress",
                     .missing = "the lock at the egress is not as it should be",
                     .is_back = "the lock at the egress was put right at:" + names,
                     .back_level = spdlog::level::info});
}

void RedirectWatch::watch_routes(const NodeConfig& routed, const HasLink& has_link) {
  routes_.handle_look(
      routes_are_whole(routed, has_link), [&] { return restore_routes(routed, has_link); },
      {.name = "rules and routes of the links",
       .missing = "rules or routes of the links are gone",
       .is_back =
           "rules, routes or interfaces of the links were not as they should be, and are again; something "
           "changed "
           "them, as systemd-networkd does when it restarts, set an interface down, or gave it another MTU"});
}

void RedirectWatch::watch_ways(const NodeConfig& routed) {
  std::string trouble = way_trouble(routed);
  if (trouble == ways_trouble_) return;
  ways_trouble_ = std::move(trouble);
  if (ways_trouble_.empty()) {
    spdlog::info("traffic to all peers goes into their links again");
  } else {
    spdlog::error("{}", ways_trouble_);
  }
}

}  // namespace cuttle
