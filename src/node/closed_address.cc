#include "node/closed_address.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle {

namespace {

bool overlaps(const PeerConfig& peer, const IpPrefix& prefix) {
  return std::any_of(peer.redirect.begin(), peer.redirect.end(),
                     [&](const IpPrefix& one) { return one.overlaps(prefix); });
}

// What of a prefix none of those has.
void add_rest(const IpPrefix& prefix, const std::vector<IpPrefix>& known, std::vector<IpPrefix>& rest) {
  bool shares = false;
  for (const IpPrefix& one : known) {
    if (!one.overlaps(prefix)) continue;
    if (one.length <= prefix.length) return;
    shares = true;
  }
  if (!shares) return rest.push_back(prefix);
  IpPrefix half{prefix.address, static_cast<uint8_t>(prefix.length + 1)};
  add_rest(half, known, rest);
  half.address.bytes[prefix.length / 8] |= static_cast<uint8_t>(0x80 >> prefix.length % 8);
  add_rest(half, known, rest);
}

std::vector<IpPrefix> prefixes_of(const NodeConfig& config) {
  std::vector<IpPrefix> all;
  for (const PeerConfig& peer : config.peers)
    all.insert(all.end(), peer.redirect.begin(), peer.redirect.end());
  all.insert(all.end(), config.closed.begin(), config.closed.end());
  return all;
}

// Those that close the whole before those that close ports, wider ones first: so what comes later never takes
// away from what came before.
std::vector<ClosedAddress> in_order(std::vector<ClosedAddress> closed) {
  std::sort(closed.begin(), closed.end(), [](const ClosedAddress& a, const ClosedAddress& b) {
    return std::pair(!a.ports.empty(), a.prefix.length) < std::pair(!b.ports.empty(), b.prefix.length);
  });
  return closed;
}

// To `owner`, or where that closes other ports, to a peer that stands for nobody and closes these.
void give(NodeConfig& config, size_t owner, const IpPrefix& prefix, const std::vector<PortRange>& ports,
          size_t own_peers) {
  const auto fits = [&](const PeerConfig& peer) { return peer.redirect.empty() || peer.ports == ports; };
  if (owner >= own_peers || !fits(config.peers[owner])) {
    owner = own_peers;
    while (owner < config.peers.size() && !fits(config.peers[owner])) ++owner;
  }
  if (owner == config.peers.size()) {
    PeerConfig earlier = config.peers.empty() ? PeerConfig() : config.peers.front();
    earlier.name = fmt::format("Earlier{}", owner - own_peers);  // no peer's: theirs have no capitals
    earlier.redirect.clear();
    config.peers.push_back(std::move(earlier));
  }
  config.peers[owner].ports = ports;
  config.peers[owner].redirect.push_back(prefix);
}

}  // namespace

std::optional<ClosedAddress> ClosedAddress::parse(std::string_view text) {
  const size_t sign = text.find('=');
  const auto prefix = IpPrefix::parse(text.substr(0, sign));
  if (!prefix) return std::nullopt;
  ClosedAddress closed{*prefix};
  if (sign == std::string_view::npos) return closed;
  for (size_t at = sign; at != std::string_view::npos; at = text.find(',', at + 1)) {
    const auto range = PortRange::parse(text.substr(at + 1, text.find(',', at + 1) - at - 1));
    if (!range) return std::nullopt;
    closed.ports.push_back(*range);
  }
  return closed;
}

std::string ClosedAddress::to_string() const {
  std::string text = prefix.to_string();
  for (const PortRange& range : ports) text += (&range == ports.data() ? "=" : ",") + range.to_string();
  return text;
}

bool closes_the_same(const NodeConfig& a, const NodeConfig& b) {
  return a.closed == b.closed &&
         std::ranges::equal(a.peers, b.peers, [](const PeerConfig& one, const PeerConfig& other) {
           return one.redirect == other.redirect && one.ports == other.ports;
         });
}

NodeConfig closing_only(const NodeConfig& config, const std::vector<ClosedAddress>& closed) {
  NodeConfig result = config;
  result.closed.clear();
  for (PeerConfig& peer : result.peers) {
    peer.redirect.clear();
    peer.ports.clear();
  }
  for (const ClosedAddress& one : in_order(closed)) {
    size_t owner = config.peers.size();
    for (size_t i = 0; i < config.peers.size(); ++i) {
      if (overlaps(config.peers[i], one.prefix)) owner = i;
    }
    std::vector<IpPrefix> rest;
    add_rest(one.prefix, prefixes_of(result), rest);
    for (const IpPrefix& prefix : rest) give(result, owner, prefix, one.ports, config.peers.size());
  }
  return result;
}

NodeConfig closing_also(const NodeConfig& config, const std::vector<ClosedAddress>& closed) {
  NodeConfig result = config;
  // What was closed whole, or on other ports, is not opened by a file that names some ports of it.
  for (const ClosedAddress& one : closed) {
    for (PeerConfig& peer : result.peers) {
      if (peer.ports != one.ports && overlaps(peer, one.prefix)) peer.ports.clear();
    }
  }
  for (const ClosedAddress& one : in_order(closed)) {
    std::vector<IpPrefix> rest;
    add_rest(one.prefix, prefixes_of(result), rest);
    for (const IpPrefix& prefix : rest) {
      give(result, config.peers.size(), prefix, one.ports, config.peers.size());
    }
  }
  return result;
}

}  // namespace cuttle
