// The guard's rules as nft's text (guard.hh).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/fingerprint.hh"
#include "io/guard.hh"
#include "io/interface_name.hh"

namespace cuttle {
namespace {

// Whoever reads the rules tells by the counters which peers are closed (node/joining.hh): one that is not has
// none.
bool is_closed(const GuardPeer& peer) {
  return !peer.prefixes.empty();
}

// Every peer that is closed has its own two chains; one look-up of the address finds them, however many peers
// there are.
void write_look_up(std::string& out, const GuardConfig& config, bool v6, bool entry) {
  std::string elements;
  for (const GuardPeer& peer : config.peers) {
    for (const IpPrefix& prefix : peer.prefixes) {
      if (prefix.address.is_v6 != v6) continue;
      fmt::format_to(std::back_inserter(elements), "{}{} : jump {}-{}", elements.empty() ? "" : ", ",
                     prefix.to_string(), entry ? "entry" : "exit", peer.interface);
    }
  }
  if (elements.empty()) return;
  fmt::format_to(std::back_inserter(out), "    {} {} vmap {{ {} }}\n", v6 ? "ip6" : "ip",
                 entry ? "saddr" : "daddr", elements);
}

std::string ports(uint16_t first, uint16_t count) {
  return count == 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, first + count - 1);
}

// While no agent listens, the kernel would answer each cell with an ICMP error, in the clear: to an endpoint
// that is among the peer's redirected addresses it cannot, to another it could. Such an error quotes the
// cell behind its own eight bytes: an IP header without options, and the ports.
void write_answers_to_cells(std::string& out, const GuardConfig& config, const GuardPeer& peer) {
  const bool v6 = peer.endpoint.address.is_v6;
  const size_t quoted_bits = 64;
  const size_t ports_at = quoted_bits + (v6 ? 320 : 160);
  fmt::format_to(
      std::back_inserter(out), "    {} daddr {} {} @th,{},8 17 @th,{},16 {} @th,{},16 {} {}drop\n",
      v6 ? "ip6" : "ip", peer.endpoint.address.to_string(),
      v6 ? "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }"
         : "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
      quoted_bits + (v6 ? 48 : 72), ports_at, ports(peer.endpoint.port, peer.lanes), ports_at + 16,
      ports(config.first_port, peer.lanes),
      is_closed(peer) ? fmt::format("counter name exit-{} ", peer.interface) : "");
}

bool is_redirected(const GuardConfig& config, const IpAddress& address) {
  return std::any_of(config.peers.begin(), config.peers.end(), [&](const GuardPeer& peer) {
    return peer.ports.empty() && any_contains(peer.prefixes, address);
  });
}

// "{ "br0", "br1" }"
std::string set_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", out.empty() ? "" : ", ", name);
  return "{ " + out + " }";
}

void write_hook(std::string& out, const GuardConfig& config, std::string_view chain, std::string_view hook,
                const std::string& exceptions) {
  const bool entry = chain.starts_with("entry");
  // -300: before connection tracking. 300: after source address translation.
  fmt::format_to(std::back_inserter(out),
                 "  chain {} {{\n"
                 "    type filter hook {} priority {}; policy accept;\n"
                 "{}",
                 chain, hook, entry ? -300 : 300, exceptions);
  for (const GuardPeer& peer : config.peers) {
    if (!entry && !is_redirected(config, peer.endpoint.address)) write_answers_to_cells(out, config, peer);
  }
  write_look_up(out, config, false, entry);
  write_look_up(out, config, true, entry);
  out += "  }\n";
}

// By loopback comes what this machine says to itself, by any address that it has, a peer's among them where
// somebody gave it that; and resets of its own firewall, in the name of whom it keeps from. Whatever else
// says there that it is a peer's is not: any user may send by IPv6 from an address that is not the machine's
// (IPV6_FREEBIND). The look-up drops that, but knows only what is closed: a peer's cells come from its
// endpoint, which may be none of its closed addresses, or closed for a few ports; and a peer that is joining
// has nothing closed.
constexpr std::string_view kByLoopback = "    iifname \"lo\" jump loopback\n";

void write_loopback(std::string& out, const GuardConfig& config) {
  out +=
      "  chain loopback {\n"
      "    fib saddr type local accept\n"
      "    tcp flags & (rst | syn) == rst accept\n";
  for (const GuardPeer& peer : config.peers) {
    const bool v6 = peer.endpoint.address.is_v6;
    const std::string from =
        fmt::format("    {} saddr {} ", v6 ? "ip6" : "ip", peer.endpoint.address.to_string());
    const std::string drop =
        is_closed(peer) ? fmt::format("counter name entry-{} drop\n", peer.interface) : "drop\n";
    out += from +
           (v6 ? "meta l4proto udp exthdr frag exists " : "ip protocol udp ip frag-off & 0x3fff != 0 ") +
           drop;
    fmt::format_to(std::back_inserter(out), "{}udp sport {} udp dport {} {}", from,
                   ports(peer.endpoint.port, peer.lanes), ports(config.first_port, peer.lanes), drop);
  }
  out += "  }\n";
}

void write_hooks(std::string& out, const GuardConfig& config) {
  const std::string not_out_lo = "    oifname \"lo\" accept\n";
  if (config.bridges.empty()) {
    write_hook(out, config, "entry", "prerouting", std::string(kByLoopback));
    write_hook(out, config, "exit", "postrouting", not_out_lo);
    return;
  }
  // A frame from one port of a bridge to another seems to come in and go out by the bridge. Before the
  // routing nothing tells it from one for this machine.
  const std::string bridges = set_of(config.bridges);
  const std::string others = fmt::format("    iifname != {} accept\n", bridges);
  std::string bridged;
  for (const std::string& name : config.bridges) {
    fmt::format_to(std::back_inserter(bridged), "    iifname \"{0}\" oifname \"{0}\" accept\n", name);
  }
  write_hook(out, config, "entry", "prerouting",
             std::string(kByLoopback) + fmt::format("    iifname {} accept\n", bridges));
  write_hook(out, config, "entry-input", "input", others);
  write_hook(out, config, "entry-forward", "forward", others + bridged);
  // At the very end such a frame has no interface that it came in by, as what this machine sends; but it has
  // an Ethernet header already.
  write_hook(out, config, "exit", "postrouting",
             not_out_lo + fmt::format("    oifname {} meta iif 0 @ll,0,48 != 0 accept\n", bridges));
}

void write_counter(std::string& out, std::string_view name, uint64_t packets, uint64_t bytes) {
  fmt::format_to(std::back_inserter(out), "  counter {} {{ packets {} bytes {} }}\n", name, packets, bytes);
}

// What ends a peer's chain: the packets that only the link may carry. `noted`: which of them are noted before
// they are dropped.
std::string drops(const GuardPeer& peer, std::string_view counter, const std::string& noted) {
  const std::string drop = fmt::format("counter name {}-{} drop\n", counter, peer.interface);
  if (peer.ports.empty()) {
    return fmt::format(
        "    {0}update @dropped-v4 {{ ip saddr . ip daddr }}\n"
        "    {0}update @dropped-v6 {{ ip6 saddr . ip6 daddr }}\n"
        "    {1}",
        noted, drop);
  }
  std::string out;
  for (const bool udp : {false, true}) {
    std::string elements;
    for (const PortRange& range : peer.ports) {
      if (range.is_udp != udp) continue;
      fmt::format_to(std::back_inserter(elements), "{}{}-{}", elements.empty() ? "" : ", ", range.first,
                     range.last);
    }
    if (elements.empty()) continue;
    const std::string_view protocol = udp ? "udp" : "tcp";
    for (const std::string_view end : {"dport", "sport"}) {
      fmt::format_to(std::back_inserter(out), "    {} {} {{ {} }} {}", protocol, end, elements, drop);
    }
    fmt::format_to(std::back_inserter(out),
                   "    ip protocol {0} ip frag-off & 0x3fff != 0 {1}"
                   "    meta l4proto {0} exthdr frag exists {1}",
                   protocol, drop);
  }
  return out;
}

// Who was dropped, for a person (guard_drops). A packet that finds no room is dropped without a note.
void write_notes(std::string& out) {
  for (const std::string_view family : {"4", "6"}) {
    fmt::format_to(std::back_inserter(out),
                   "  set dropped-v{0} {{ type ipv{0}_addr . ipv{0}_addr; flags dynamic, timeout; timeout "
                   "10m; size {1}; }}\n",
                   family, kMaxGuardDrops);
  }
}

std::string multicast_rules(const GuardConfig& config) {
  std::string out;
  for (const bool v6 : {false, true}) {
    std::string groups;
    for (const IpPrefix& group : config.multicast) {
      if (group.address.is_v6 == v6) groups += (groups.empty() ? "" : ", ") + group.to_string();
    }
    if (groups.empty()) continue;
    fmt::format_to(std::back_inserter(out), "    {} daddr {{ {} }} accept\n", v6 ? "ip6" : "ip", groups);
  }
  return out;
}

void write_peer(std::string& out, const GuardConfig& config, const GuardPeer& peer) {
  const bool v6 = peer.endpoint.address.is_v6;
  const std::string endpoint = peer.endpoint.address.to_string();
  const std::string own_ports = ports(config.first_port, peer.lanes);
  const std::string peer_ports = ports(peer.endpoint.port, peer.lanes);
  const std::string_view neighbours =
      "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept\n";
  // Cells are never fragmented; a fragment could hide anything behind its first.
  const std::string_view whole = v6 ? "exthdr frag missing" : "ip frag-off & 0x3fff == 0";
  // What `cuttle doctor --try` sends to see that it is dropped has the cells' mark.
  const std::string not_tried = fmt::format("meta mark != {} ", config.firewall_mark);
  // Nothing for a group comes out of a link; what a local user sends to one there comes back to the machine,
  // and says that it came in by the link.
  const auto by_the_link = [&](std::string_view end) {
    return peer.others_interface
               ? ""
               : fmt::format("    {} \"{}\"{} accept\n", end, peer.interface,
                             end == "iifname" ? " meta pkttype != { broadcast, multicast }" : "");
  };
  fmt::format_to(std::back_inserter(out),
                 "  chain entry-{0} {{\n"
                 "{1}"
                 "    iifname != \"lo\" {2} saddr {3} {4} udp sport {5} udp dport {6} accept\n"
                 "{7}"
                 "{8}"
                 "{9}"
                 "  }}\n",
                 peer.interface, by_the_link("iifname"), v6 ? "ip6" : "ip", endpoint, whole, peer_ports,
                 own_ports, neighbours, multicast_rules(config), drops(peer, "entry", ""));
  fmt::format_to(std::back_inserter(out),
                 "  chain exit-{0} {{\n"
                 "{1}"
                 "    meta mark {2} {3} daddr {4} udp sport {5} udp dport {6} accept\n"
                 "{7}"
                 "{8}"
                 "  }}\n",
                 peer.interface, by_the_link("oifname"), config.firewall_mark, v6 ? "ip6" : "ip", endpoint,
                 own_ports, peer_ports, neighbours, drops(peer, "exit", not_tried));
}

}  // namespace

Result<std::string> guard_text(const GuardConfig& config, const std::map<std::string, GuardCounts>& counts) {
  std::string out = "table inet cuttle\ndelete table inet cuttle\ntable inet cuttle {\n";
  std::string rules;
  for (const std::string& bridge : config.bridges) {
    if (auto valid = check_interface_name(bridge); !valid) return tl::unexpected(valid.error());
  }
  for (const GuardPeer& peer : config.peers) {
    if (auto valid = check_interface_name(peer.interface); !valid) return tl::unexpected(valid.error());
    if (!is_closed(peer)) continue;
    const auto known = counts.find(peer.interface);
    const GuardCounts count = known != counts.end() ? known->second : GuardCounts{};
    write_counter(out, "entry-" + peer.interface, count.entry_packets, count.entry_bytes);
    write_counter(out, "exit-" + peer.interface, count.exit_packets, count.exit_bytes);
  }
  write_notes(rules);
  for (const GuardPeer& peer : config.peers) {
    if (is_closed(peer)) write_peer(rules, config, peer);
  }
  write_loopback(rules, config);
  write_hooks(rules, config);
  // An empty chain, by whose name the guard is told from one that was made for other addresses and loaded
  // again.
  return out + fmt::format("  chain version-{} {{\n  }}\n", fingerprint(rules)) + rules + "}\n";
}

}  // namespace cuttle
