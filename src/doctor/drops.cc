#include "doctor/drops.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.hh"

namespace cuttle::doctor {

namespace {

struct Group {
  const char* address;
  const char* about;
};

// IANA's registries "IPv4 Multicast Address Space" and "IPv6 Multicast Address Space".
constexpr std::array kGroups{
    Group{"224.0.0.5", "OSPF"},   Group{"224.0.0.6", "OSPF"},  Group{"ff02::5", "OSPF"},
    Group{"ff02::6", "OSPF"},     Group{"224.0.0.18", "VRRP"}, Group{"ff02::12", "VRRP"},
    Group{"224.0.0.251", "mDNS"}, Group{"ff02::fb", "mDNS"},   Group{"224.0.0.13", "PIM"},
    Group{"224.0.0.10", "EIGRP"}, Group{"224.0.0.9", "RIP"},   Group{"224.0.0.81", "conntrackd"},
};

// A host tells its switch so which groups it listens to; a peer has no use for it.
constexpr const char* kMembership = "224.0.0.22";

bool is_multicast(const IpAddress& address) {
  return address.is_v6 ? address.bytes[0] == 0xff : address.bytes[0] >> 4 == 0xe;
}

std::string named(const IpAddress& group) {
  const std::string text = group.to_string();
  for (const Group& known : kGroups) {
    if (text == known.address) return fmt::format("{} ({})", text, known.about);
  }
  return text;
}

const PeerConfig* owner_of(const NodeConfig& config, const IpAddress& address) {
  for (const PeerConfig& peer : config.peers) {
    if (any_contains(peer.redirect, address)) return &peer;
  }
  return nullptr;
}

// Of IPv4 only, and without the networks' own: those are not known to a prefix of 32.
bool is_broadcast(const IpAddress& address, const std::vector<LocalAddress>& own) {
  if (address.is_v6) return false;
  if (load_be32(address.bytes.data()) == 0xffffffff) return true;
  return std::any_of(own.begin(), own.end(), [&](const LocalAddress& local) {
    if (local.address.is_v6 || local.prefix_length == 0 || local.prefix_length > 30) return false;
    const uint32_t hosts = (uint32_t{1} << (32 - local.prefix_length)) - 1;
    return load_be32(address.bytes.data()) == (load_be32(local.address.bytes.data()) | hosts);
  });
}

Finding from_a_peer(const NodeConfig& config, const PeerConfig& peer, const GuardDrop& drop,
                    const std::vector<LocalAddress>& own) {
  const std::string source = drop.source.to_string();
  const std::string destination = drop.destination.to_string();
  if (is_multicast(drop.destination)) {
    return {Mark::unsure,
            fmt::format(
                "peer {}: what {} says to the group {} is dropped: multicast comes beside the link, in the "
                "clear",
                peer.name, source, named(drop.destination)),
            fmt::format("let it speak to this node's address instead (keepalived: unicast_peer; OSPF: a "
                        "non-broadcast network); or take it in with multicast = [\"{}\"] in [node]",
                        destination)};
  }
  if (is_broadcast(drop.destination, own)) {
    return {Mark::unsure,
            fmt::format(
                "peer {}: what {} broadcasts to {} is dropped: broadcasts come beside the link, in the clear",
                peer.name, source, destination),
            "nothing in Ceph needs them; who does has to be told this node's address"};
  }
  const bool is_own = std::any_of(
      own.begin(), own.end(), [&](const LocalAddress& local) { return local.address == drop.destination; });
  const std::string what = fmt::format("peer {}: what {} sends to {}", peer.name, source, destination);
  const std::string why = " is dropped: it comes beside the link, in the clear";
  if (std::find(config.addresses.begin(), config.addresses.end(), drop.destination) !=
      config.addresses.end()) {
    return {
        Mark::unsure, what + why,
        fmt::format("is {} in `redirect` of this node at {}? (It comes so, too, until the agent there runs.)",
                    destination, peer.name)};
  }
  return {
      Mark::bad,
      what +
          (is_own ? ", which this host has but `addresses` does not name,"
                  : ", which this host does not have now,") +
          why,
      fmt::format(
          "put {} into `redirect` of this node at {}, and into `accept` here where that is set; an address "
          "that moves between nodes belongs to none of them: let peers use the nodes' own addresses "
          "(docs/hosts.md, keepalived)",
          destination, peer.name)};
}

Finding to_a_peer(const PeerConfig& peer, const GuardDrop& drop) {
  return {Mark::unsure,
          fmt::format("peer {}: what this host would send from {} to {} beside the link is dropped",
                      peer.name, drop.source.to_string(), drop.destination.to_string()),
          "a program that is bound to a device, a guest, or a rule of somebody's ahead of ours (`ip rule`): "
          "let it "
          "use the route"};
}

}  // namespace

Findings explain_drops(const NodeConfig& config, const std::vector<GuardDrop>& drops,
                       const std::vector<LocalAddress>& own) {
  Findings findings;
  for (const GuardDrop& drop : drops) {
    if (drop.destination.to_string() == kMembership) continue;
    if (const PeerConfig* to = owner_of(config, drop.destination)) {
      findings.push_back(to_a_peer(*to, drop));
    } else if (const PeerConfig* from = owner_of(config, drop.source)) {
      findings.push_back(from_a_peer(config, *from, drop, own));
    }
  }
  return findings;
}

Findings explain_foreign(const StatusSnapshot& status) {
  Findings findings;
  const auto note = [&](const LinkStatus& link, const char* cause, const char* what, const char* fix) {
    const auto found = link.drops.find(cause);
    if (found == link.drops.end() || found->second == 0) return;
    findings.push_back(
        {Mark::unsure, fmt::format("link {}: {} packets came {}", link.name, found->second, what), fix});
  };
  for (const LinkStatus& link : status.links) {
    note(link, "packet_foreign_source", "from an address that is none of the peer's: dropped",
         "an address that the peer has and `redirect` here does not name, a floating one perhaps? Add it, or "
         "let "
         "what speaks from it use the peer's own address (docs/hosts.md, keepalived)");
    note(link, "packet_foreign_destination", "for an address that `accept` does not name: dropped",
         "add it to `accept` in [node], if the peer is to reach it");
  }
  return findings;
}

Findings examine_drops(const NodeConfig& config) {
  const auto drops = guard_drops();
  if (!drops) return {};
  const auto own = local_addresses();
  return explain_drops(config, *drops, own ? *own : std::vector<LocalAddress>{});
}

}  // namespace cuttle::doctor
