#include "node/ways.hh"

#include <fmt/format.h>

#include <algorithm>

#include "io/foreign_rules.hh"
#include "io/links.hh"
#include "io/routes.hh"
#include "node/assemble.hh"

namespace cuttle {

namespace {

// An address that stands for the prefix. The first may be a broadcast address.
IpAddress inside(const IpPrefix& prefix) {
  IpAddress address = prefix.address;
  if (prefix.length < address.size() * 8) address.bytes[address.size() - 1] |= 1;
  return address;
}

std::string astray(const NodeConfig& config, const PeerConfig& peer, const IpAddress& to) {
  const auto way = peer.ports.empty() ? find_way_out(to, 0) : find_way_out(to, 0, peer.ports.front());
  // No way at all: the blackhole, while the interface is away.
  if (!way || way->interface == peer.interface_name()) return "";
  const std::string rule = rule_before(config, to.is_v6, way->table);
  return fmt::format("traffic to {} of peer {} does not go into {} but to {}, where it is dropped{}",
                     to.to_string(), peer.name, peer.interface_name(),
                     way->local ? "this machine itself" : way->interface,
                     rule.empty() ? "" : ": the routing rule '" + rule + "' comes before Cuttle's");
}

}  // namespace

std::optional<IpAddress> source_for(const NodeConfig& config, const IpPrefix& prefix) {
  const auto way = find_way_out(inside(prefix), config.firewall_mark);
  const bool ours =
      way && way->source &&
      std::find(config.addresses.begin(), config.addresses.end(), *way->source) != config.addresses.end();
  if (ours) return way->source;
  const IpAddress own = own_address_for(config, prefix.address);
  return own.is_v6 == prefix.address.is_v6 ? std::optional(own) : std::nullopt;
}

bool has_no_ipv6(const PeerConfig& peer, const IpPrefix& prefix) {
  return prefix.address.is_v6 && ipv6_is_off(peer.interface_name());
}

std::string way_trouble(const NodeConfig& routed) {
  for (const PeerConfig& peer : routed.peers) {
    for (const IpPrefix& prefix : peer.redirect) {
      if (std::string trouble = astray(routed, peer, inside(prefix)); !trouble.empty()) return trouble;
    }
  }
  return "";
}

std::string rule_before(const NodeConfig& config, bool is_v6, uint32_t table) {
  const auto rules = foreign_rules();
  if (!rules) return "";
  for (const ForeignRule& rule : *rules) {
    if (rule.is_v6 == is_v6 && rule.table == table && rule.preference <= config.port_preference()) {
      return rule.to_string();
    }
  }
  return "";
}

}  // namespace cuttle
