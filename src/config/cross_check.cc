#include <algorithm>

#include "config/prefix_index.hh"
#include "config/sections.hh"
#include "config/wording.hh"

namespace cuttle {

namespace {

bool is_any(const IpAddress& address) {
  return address == IpAddress{address.is_v6, {}};
}

bool is_multicast(const IpAddress& address) {
  return address.is_v6 ? address.bytes[0] == 0xff : address.bytes[0] >= 224;
}

const char* family(bool is_v6) {
  return is_v6 ? "IPv6" : "IPv4";
}

// One pass over the configuration; each method notes one kind of problem.
class CrossCheck {
 public:
  explicit CrossCheck(ParsedConfig& out)
      : out_(out), node_(out.config), redirects_(all_redirects(out.config)) {
    for (size_t i = 0; i < node_.peers.size(); ++i) {
      places_.push_back(places_.empty() ? 0 : places_.back() + node_.peers[i - 1].redirect.size());
      if (node_.peers[i].endpoint.port != 0) endpoints_.emplace_back(node_.peers[i].endpoint.address, i);
    }
    std::sort(endpoints_.begin(), endpoints_.end());
  }

  void run() {
    check_own();
    check_closed();
    for (size_t i = 0; i < node_.peers.size(); ++i) {
      check_name(i);
      check_key(i);
      check_endpoint(i);
      check_ports(i);
      for (size_t j = 0; j < node_.peers[i].redirect.size(); ++j) check_redirect(i, j);
      for (size_t j = 0; j < node_.peers[i].ports.size(); ++j) check_port_range(i, j);
    }
  }

 private:
  static std::vector<IpPrefix> all_redirects(const NodeConfig& node) {
    std::vector<IpPrefix> all;
    for (const PeerConfig& peer : node.peers)
      all.insert(all.end(), peer.redirect.begin(), peer.redirect.end());
    return all;
  }
  // Of one of all_redirects(): its peer, and which of that one's.
  std::pair<size_t, size_t> place_of(size_t redirect) const {
    const auto after = std::upper_bound(places_.begin(), places_.end(), redirect);
    const auto peer = static_cast<size_t>(after - places_.begin()) - 1;
    return {peer, redirect - places_[peer]};
  }
  // The first peer with an endpoint there for which `counts` holds; none: kNobody.
  template <typename Counts>
  size_t first_endpoint_in(const IpPrefix& prefix, const Counts& counts) const {
    size_t first = kNobody;
    auto at = std::lower_bound(endpoints_.begin(), endpoints_.end(), std::pair(prefix.address, size_t{0}));
    for (; at != endpoints_.end() && prefix.contains(at->first); ++at) {
      if (at->second < first && counts(at->second)) first = at->second;
    }
    return first;
  }

  std::string shown(size_t peer) const {
    const std::string& name = node_.peers[peer].name;
    return name.empty() ? fmt::format("peer#{}", peer + 1) : "peer." + name;
  }
  uint32_t line(size_t peer, std::string_view key) const {
    return out_.lines.line({fmt::format("peer[{}].{}", peer, key), fmt::format("peer[{}]", peer)});
  }
  void note(size_t peer, std::string_view key, std::string_view message) {
    out_.problems.add(line(peer, key), fmt::format("{}.{}: {}", shown(peer), key, message));
  }
  // "peer.mon (line 12)"
  std::string where(size_t peer, std::string_view key) const {
    const uint32_t its = line(peer, key);
    return its == 0 ? shown(peer) : fmt::format("{} (line {})", shown(peer), its);
  }

  void check_own() {
    const uint64_t port_table = uint64_t{node_.route_table} + 1;
    if (node_.has_port_lists() && ((port_table >= 253 && port_table <= 255) || port_table > UINT32_MAX)) {
      out_.problems.add(
          out_.lines.line("node.route_table"),
          fmt::format("node.route_table = {}: links with `ports` need the next table too, which "
                      "is not to be had; use another, for example 4410",
                      node_.route_table));
    }
    if (is_multicast(node_.listen.address)) {
      out_.problems.add(
          out_.lines.line("node.listen"),
          fmt::format("node.listen = {}: not an address a node can have", quoted(node_.listen.to_string())));
    }
    for (size_t i = 0; i < node_.addresses.size(); ++i) {
      const IpAddress& address = node_.addresses[i];
      const bool repeated =
          std::find(node_.addresses.begin(), node_.addresses.begin() + static_cast<ptrdiff_t>(i), address) !=
          node_.addresses.begin() + static_cast<ptrdiff_t>(i);
      if (!repeated && !is_any(address) && !is_multicast(address)) continue;
      out_.problems.add(out_.lines.line({fmt::format("node.addresses[{}]", i), "node.listen"}),
                        fmt::format("node.addresses[{}] = {}: {}", i, quoted(address.to_string()),
                                    repeated ? "given twice" : "not an address a node can have"));
    }
  }

  // An address goes through a link or nowhere, not both; and one of ours goes nowhere.
  void check_closed() {
    for (const IpPrefix& prefix : node_.closed) {
      const auto complain = [&](const std::string& message) {
        out_.problems.add(0, fmt::format("closed = {}: {}", quoted(prefix.to_string()), message));
      };
      if (prefix.address.is_loopback() || is_multicast(prefix.address)) complain("no address of a node's");
      const bool own = prefix.contains(node_.listen.address) ||
                       std::any_of(node_.addresses.begin(), node_.addresses.end(),
                                   [&](const IpAddress& address) { return prefix.contains(address); });
      if (own) complain("covers an address of this node's own");
      const size_t peer = first_endpoint_in(prefix, [](size_t) { return true; });
      if (peer != kNobody) complain("covers the endpoint of " + shown(peer));
      if (const auto redirect = redirects_.first_overlapping(prefix)) {
        complain("overlaps an address of " + shown(place_of(*redirect).first));
      }
    }
  }

  void check_name(size_t i) {
    for (size_t other = 0; other < i; ++other) {
      if (node_.peers[i].name.empty() || node_.peers[other].name != node_.peers[i].name) continue;
      out_.problems.add(line(i, "name"), fmt::format("peer.{}.name: already the name of the peer in line {}",
                                                     node_.peers[i].name, node_.peers[other].line));
      return;
    }
  }

  void check_key(size_t i) {
    const PeerConfig& peer = node_.peers[i];
    check_key(i, "public_key", peer.public_key);
    if (!peer.next_public_key) return;
    if (*peer.next_public_key == peer.public_key) {
      note(i, "next_public_key", "the same as public_key; leave it out unless the peer is to change its key");
    } else {
      check_key(i, "next_public_key", *peer.next_public_key);
    }
  }

  void check_key(size_t i, std::string_view name, const PublicKey& key) {
    if (key == PublicKey()) return;
    for (size_t other = 0; other < i; ++other) {
      const PeerConfig& earlier = node_.peers[other];
      const bool is_next = earlier.next_public_key && earlier.next_public_key->number() == key.number();
      if (earlier.public_key.number() != key.number() && !is_next) continue;
      const bool is_same = key == earlier.public_key || key == earlier.next_public_key;
      note(i, name,
           fmt::format("{} the key of {}; every peer has its own", is_same ? "also" : "begins like",
                       where(other, is_next ? "next_public_key" : "public_key")));
      return;
    }
  }

  void check_endpoint(size_t i) {
    const PeerConfig& peer = node_.peers[i];
    if (peer.endpoint.port == 0) return;
    const IpAddress& address = peer.endpoint.address;
    if (is_any(address) || is_multicast(address) || address.holds_ipv4()) {
      note(i, "endpoint", fmt::format("{} is not an address a peer can have", address.to_string()));
      return;
    }
    if (node_.listen.port == 0) return;
    if (address.is_v6 != node_.listen.address.is_v6) {
      note(i, "endpoint",
           fmt::format("{}, but node.listen is {}; both must be of one family", family(address.is_v6),
                       family(node_.listen.address.is_v6)));
      return;
    }
    if (is_own_endpoint(peer)) {
      note(i, "endpoint", fmt::format("{} is this node itself", peer.endpoint.to_string()));
      return;
    }
    for (size_t other = 0; other < i; ++other) {
      const PeerConfig& earlier = node_.peers[other];
      if (earlier.endpoint.port == 0 ||
          !ports_overlap(peer.endpoint, peer.lanes, earlier.endpoint, earlier.lanes))
        continue;
      note(i, "endpoint",
           fmt::format("{} is also the endpoint of {}; every peer has its own{}", peer.endpoint.to_string(),
                       where(other, "endpoint"),
                       peer.lanes + earlier.lanes > 2 ? ", and one port a lane" : ""));
      return;
    }
  }

  bool is_own_endpoint(const PeerConfig& peer) const {
    Endpoint own = node_.listen;
    const uint32_t own_lanes = node_.max_lanes();
    if (ports_overlap(peer.endpoint, peer.lanes, own, own_lanes)) return true;
    return is_any(own.address) &&
           std::any_of(node_.addresses.begin(), node_.addresses.end(), [&](const IpAddress& address) {
             own.address = address;
             return ports_overlap(peer.endpoint, peer.lanes, own, own_lanes);
           });
  }

  void check_ports(size_t i) {
    const PeerConfig& peer = node_.peers[i];
    const uint32_t highest = std::max(peer.endpoint.port, node_.listen.port) + peer.lanes - 1;
    if (highest <= UINT16_MAX) return;
    note(i, "lanes",
         fmt::format("{} lanes would need port {}; the ports of node.listen and endpoint plus the lanes "
                     "must stay below 65536",
                     peer.lanes, highest));
  }

  // The cells themselves leave by the main table: a rule for their ports would send them into the link.
  void check_port_range(size_t i, size_t j) {
    const PeerConfig& peer = node_.peers[i];
    const std::string key = fmt::format("ports[{}]", j);
    const auto complain = [&](const std::string& message) {
      note(i, key, fmt::format("{}: {}", quoted(peer.ports[j].to_string()), message));
    };
    for (size_t k = 0; k < j; ++k) {
      if (!peer.ports[k].overlaps(peer.ports[j])) continue;
      return complain(fmt::format("overlaps {}; each port once", quoted(peer.ports[k].to_string())));
    }
    for (const uint16_t first : {node_.listen.port, peer.endpoint.port}) {
      const PortRange cells{true, first, static_cast<uint16_t>(first + peer.lanes - 1)};
      if (first == 0 || !cells.overlaps(peer.ports[j])) continue;
      return complain(fmt::format("covers the cells' own ports, {}", cells.to_string()));
    }
  }

  // What guard and lock drop as unshaped traffic of peer i, they would drop of the cells of `other`, too.
  bool holds_cells_of(size_t i, const IpPrefix& prefix, size_t other) const {
    const PeerConfig& peer = node_.peers[other];
    const PeerConfig& own = node_.peers[i];
    if (peer.endpoint.port == 0 || !prefix.contains(peer.endpoint.address)) return false;
    if (ports_overlap(peer.endpoint, peer.lanes, own.endpoint, own.lanes)) return false;  // noted already
    const auto& ports = own.ports;
    const auto has_cells = [&](uint16_t first) {
      const PortRange cells{true, first, static_cast<uint16_t>(first + peer.lanes - 1)};
      return std::any_of(ports.begin(), ports.end(), [&](const PortRange& p) { return p.overlaps(cells); });
    };
    return ports.empty() || has_cells(peer.endpoint.port) || has_cells(node_.listen.port);
  }

  void check_redirect(size_t i, size_t j) {
    const IpPrefix& prefix = node_.peers[i].redirect[j];
    const std::string key = fmt::format("redirect[{}]", j);
    const auto complain = [&](const std::string& message) {
      out_.problems.add(line(i, key),
                        fmt::format("{}.{} = {}: {}", shown(i), key, quoted(prefix.to_string()), message));
    };
    if (prefix.address.is_loopback() || is_multicast(prefix.address)) {
      return complain("not traffic between two nodes; leave it out");
    }
    for (const IpAddress& address : node_.addresses) {
      if (prefix.contains(address)) return complain("covers this node's own address " + address.to_string());
    }
    if (prefix.contains(node_.listen.address) && node_.listen.port != 0 && !is_any(node_.listen.address)) {
      return complain("covers this node's own address " + node_.listen.address.to_string());
    }
    // It overlaps itself, if none before it.
    const auto [peer, k] = place_of(*redirects_.first_overlapping(prefix));
    if (peer != i || k != j) {
      return complain(fmt::format("overlaps {} of {}; an address goes through one link",
                                  node_.peers[peer].redirect[k].to_string(),
                                  where(peer, fmt::format("redirect[{}]", k))));
    }
    const size_t other =
        first_endpoint_in(prefix, [&](size_t one) { return one != i && holds_cells_of(i, prefix, one); });
    if (other != kNobody) {
      return complain(
          fmt::format("covers {}, the endpoint of {}: its cells would have to go through this link",
                      node_.peers[other].endpoint.to_string(), where(other, "endpoint")));
    }
    const auto same_family = [&](const IpAddress& address) { return address.is_v6 == prefix.address.is_v6; };
    if (!node_.addresses.empty() &&
        std::none_of(node_.addresses.begin(), node_.addresses.end(), same_family)) {
      complain(fmt::format("this node has no {} address of its own; add one to node.addresses",
                           family(prefix.address.is_v6)));
    }
  }

  static constexpr size_t kNobody = SIZE_MAX;

  ParsedConfig& out_;
  const NodeConfig& node_;
  const PrefixIndex redirects_;                          // of all peers, in their order
  std::vector<size_t> places_;                           // of each peer's first
  std::vector<std::pair<IpAddress, size_t>> endpoints_;  // and their peers; sorted
};

}  // namespace

void cross_check(ParsedConfig& out) {
  CrossCheck(out).run();
}

}  // namespace cuttle
