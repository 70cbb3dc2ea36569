#include "node/leftovers.hh"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "io/egress_lock.hh"
#include "io/links.hh"
#include "io/tun.hh"
#include "node/redirect_plan.hh"

namespace cuttle {

namespace {

bool is_asked_for(const NodeConfig& config, uint32_t table, const Route& route) {
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

std::vector<IpPrefix> closed_addresses(const NodeConfig& config) {
  if (!is_closed(config)) return {};
  std::set<IpPrefix> closed;
  const auto tables = tables_in_use(config);
  for (const uint32_t table : tables.value_or(std::vector<uint32_t>())) {
    const auto routes = list_routes(table);
    for (const Route& route : routes.value_or(std::vector<Route>())) closed.insert(route.prefix);
  }
  const bool has_routes = !closed.empty();
  const auto guarded = guard_counts();
  for (const PeerConfig& peer : config.peers) {
    const bool by_guard = guarded && guarded->contains(peer.interface_name());
    if (!by_guard && (has_routes || peer.joining)) continue;
    closed.insert(peer.redirect.begin(), peer.redirect.end());
  }
  return {closed.begin(), closed.end()};
}

Result<void> check_alone(const NodeConfig& config) {
  const auto links = links_with_alias(alias_of_node(config.name));
  if (!links) return tl::unexpected(links.error());
  for (const Link& link : *links) {
    if (!link.running) continue;
    const auto holder = tun_holder(link.name);
    return failure(fmt::format("interface {} is held by {}; stop that process first", link.name,
                               holder ? fmt::format("process {}", *holder) : "another process"));
  }
  return {};
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
  return remove_links_left(config);
}

}  // namespace cuttle
