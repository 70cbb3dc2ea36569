#include "node/leftovers.hh"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "io/borrowed_route.hh"
#include "io/egress_lock.hh"
#include "io/tun.hh"
#include "node/redirect_plan.hh"

namespace cuttle {

namespace {

bool is_asked_for(const NodeConfig& config, uint32_t table, const Route& route) {
  if (table == config.route_table &&
      std::find(config.closed.begin(), config.closed.end(), route.prefix) != config.closed.end()) {
    return true;
  }
  return std::any_of(config.peers.begin(), config.peers.end(), [&](const PeerConfig& peer) {
    return table_of(config, peer) == table &&
           std::find(peer.redirect.begin(), peer.redirect.end(), route.prefix) != peer.redirect.end();
  });
}

Result<void> remove_routes_left(const NodeConfig& config, uint32_t table) {
  const auto routes = list_routes(table);
  if (!routes) return tl::unexpected(routes.error());
  for (const Route& route : *routes) {
    if (is_asked_for(config, table, route)) continue;
    if (auto removed = remove_routes(table, route.prefix); !removed) return removed;
  }
  return {};
}

Result<void> remove_rules_left(const NodeConfig& config, const std::vector<uint32_t>& tables) {
  const auto rules = list_rules();
  if (!rules) return tl::unexpected(rules.error());
  for (const RedirectRule& rule : *rules) {
    if (rule == rule_of(config)) continue;
    if (auto removed = remove_rule(rule); !removed) return removed;
  }
  for (const uint32_t table : tables) {
    if (table == config.port_table()) continue;
    if (auto removed = set_port_rules(table, {}); !removed) return removed;
  }
  return {};
}

Result<void> remove_links_left(const NodeConfig& config) {
  const auto links = links_with_alias(alias_of_node(config.name));
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    const bool has_peer = std::any_of(config.peers.begin(), config.peers.end(), [&](const PeerConfig& peer) {
      return peer.interface_name() == link.name;
    });
    if (has_peer) continue;
    if (auto removed = remove_tun_link(link.name); !removed) return removed;
  }
  return {};
}

}  // namespace

constexpr char kOnlyTheLock[] =
    "of what was closed before only the lock at the egress is left, which does not say what it closes; run "
    "`cuttle up` without --confirm, or `cuttle down` first";

bool is_closed(const NodeConfig& config) {
  const auto rules = list_rules();
  if (!rules || !rules->empty()) return true;
  const auto port_tables = port_rule_tables();
  if (!port_tables || !port_tables->empty()) return true;
  for (const uint32_t table : {config.route_table, config.port_table()}) {
    const auto routes = list_routes(table);
    if (!routes || !routes->empty()) return true;
  }
  const auto guarded = guard_is_present();
  if (!guarded || *guarded) return true;
  const auto locked = lock_is_present();
  return !locked || *locked;
}

namespace {

// By routes: whole, where a rule leads all of it into that table, or as the rules for its ports say.
Result<std::set<ClosedAddress>> closed_by_routes(const NodeConfig& config) {
  std::set<ClosedAddress> closed;
  const auto tables = tables_in_use(config);
  if (!tables) return tl::unexpected(tables.error());
  for (const uint32_t table : *tables) {
    const auto routes = list_routes(table);
    if (!routes) return tl::unexpected(routes.error());
    const auto port_rules = list_port_rules(table);
    if (!port_rules) return tl::unexpected(port_rules.error());
    for (const Route& route : *routes) {
      ClosedAddress one{route.prefix};
      for (const PortRule& rule : *port_rules) {
        if (rule.to == route.prefix && !rule.of_source) one.ports.push_back(rule.ports);
      }
      closed.insert(std::move(one));
    }
  }
  return closed;
}

}  // namespace

Result<std::vector<ClosedAddress>> closed_addresses(const NodeConfig& config) {
  if (!is_closed(config)) return std::vector<ClosedAddress>();
  auto closed = closed_by_routes(config);
  if (!closed) return tl::unexpected(closed.error());
  const auto guarded = guarded_prefixes();
  if (!guarded) return tl::unexpected(guarded.error());
  for (const GuardedPrefix& one : *guarded) {
    const bool has_routes = std::any_of(closed->begin(), closed->end(), [&](const ClosedAddress& known) {
      return known.prefix == one.prefix;
    });
    if (!has_routes) closed->insert(ClosedAddress{one.prefix});
  }
  if (closed->empty()) {
    const auto locked = lock_is_present();
    if (!locked || *locked) return failure(kOnlyTheLock);
  }
  return std::vector<ClosedAddress>(closed->begin(), closed->end());
}

Result<void> check_alone(const NodeConfig& config) {
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  const std::string own = alias_of_node(config.name);
  for (const Link& link : *links) {
    if (link.kind == "tun" && link.alias != own && link.alias.starts_with(alias_of_node(""))) {
      // Without the interface what it closed stays closed, until this node's start is over.
      const std::string way_out =
          link.running
              ? "stop it, or give this one a network namespace of its own"
              : fmt::format("where that node is over (its name was changed, say): ip link del {}", link.name);
      return failure(
          fmt::format("interface {} is of another node here ({}), whose guard and lock this one would "
                      "take away; {}",
                      link.name, link.alias, way_out));
    }
    if (link.alias != own || !link.running) continue;
    const auto holder = tun_holder(link.name);
    return failure(fmt::format("interface {} is held by {}; stop that process first", link.name,
                               holder ? fmt::format("process {}", *holder) : "another process"));
  }
  return {};
}

Result<std::optional<Link>> find_held_interface() {
  const auto links = list_links();
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    if (link.kind == "tun" && link.carrier && link.alias.starts_with(alias_of_node(""))) return link;
  }
  return std::nullopt;
}

Result<std::vector<uint32_t>> tables_in_use(const NodeConfig& config) {
  const auto rules = list_rules();
  if (!rules) return tl::unexpected(rules.error());
  auto port_tables = port_rule_tables();
  if (!port_tables) return port_tables;
  std::vector<uint32_t> tables = std::move(*port_tables);
  for (const RedirectRule& rule : *rules) tables.push_back(rule.table);
  tables.push_back(config.route_table);
  tables.push_back(config.port_table());
  std::sort(tables.begin(), tables.end());
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  return tables;
}

Result<void> remove_leftovers(const NodeConfig& config) {
  const auto tables = tables_in_use(config);
  if (!tables) return tl::unexpected(tables.error());
  // Routes before the rules that lead to them: should this be interrupted, the next start finds the rest.
  for (const uint32_t table : *tables) {
    if (auto removed = remove_routes_left(config, table); !removed) return removed;
  }
  if (auto removed = remove_rules_left(config, *tables); !removed) return removed;
  if (auto removed = remove_borrowed_routes(); !removed) return removed;
  return remove_links_left(config);
}

}  // namespace cuttle
