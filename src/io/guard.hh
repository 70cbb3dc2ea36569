// The second lock: nftables rules that drop what would pass a link by, whatever routes and rules say. Table
// `inet cuttle`, of this network namespace; it outlives the process, like routes and interfaces.
//
//   entry (prerouting, before connection tracking): packets that claim a peer's address and did not come out
//   of its interface are dropped, except UDP to our ports from the peer's endpoint (the cells) and, on IPv6,
//   neighbour discovery, which IPv4's ARP does below IP.
//   exit (postrouting, after address translation): packets to a peer's address that do not go into its
//   interface are dropped, except our marked UDP to its endpoint and neighbour discovery. So are ICMP errors
//   about its cells to an endpoint that is none of its addresses.
//
// Of a peer whose link carries certain ports only, this goes for packets from or to these ports, on either
// end, and for fragments of their protocol, which may hide them; its other packets are left alone.
//
// Forwarded packets pass both, so containers and virtual machines that the node routes for cannot go round a
// link either. Multicast from a peer is dropped as all else, but to the groups that are named. Guests beside
// the node, whose frames it does not route, are none of the guard's business: those on a macvlan, ipvlan or
// SR-IOV function never meet it, and bridged ones do only where bridge netfilter is on; there it lets them
// pass (`bridges`). What of theirs would leave towards a peer, the egress lock drops (egress_lock.hh).
// By loopback nothing comes from a peer that is not this machine itself. Source: nft(8); libnftables(3).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.hh"
#include "base/ports.hh"
#include "base/result.hh"

namespace cuttle {

struct GuardPeer {
  std::string interface;              // "ct-NAME"
  std::vector<IpPrefix> prefixes;     // none: it is not closed (yet), and the guard does not name it
  Endpoint endpoint;                  // of its first lane
  uint16_t lanes = 1;                 // its ports from the endpoint's on
  std::vector<PortRange> ports = {};  // what the link carries; empty: everything
  uint32_t cell_bytes = 0;            // UDP payload of a cell: for the egress lock (egress_lock.hh)
  bool others_interface = false;  // what has the interface's name is somebody else's: nothing passes by it
};

struct GuardConfig {
  std::vector<GuardPeer> peers;  // their prefixes do not overlap
  uint16_t first_port = 0;       // ours, and as many as the peer has lanes
  uint32_t firewall_mark = 0;    // on our cells
  // Bridges of this machine whose frames pass these rules though nobody routes them (bridge netfilter). With
  // any, what comes in through one meets the entry rules where it is known to be routed: at input and
  // forward.
  std::vector<std::string> bridges = {};
  // Multicast groups that peers may speak to beside their links.
  std::vector<IpPrefix> multicast = {};
};

struct GuardCounts {
  uint64_t entry_packets = 0;  // dropped
  uint64_t entry_bytes = 0;
  uint64_t exit_packets = 0;
  uint64_t exit_bytes = 0;
};

// Puts the rules in place, in one step: no packet sees half of them. Replaces those that were there; the
// counts of peers that stay go on.
Result<void> apply_guard(const GuardConfig& config);
// No table there is no error.
Result<void> remove_guard();
// By interface, of peers that are closed; an error when the table is not there (someone flushed the ruleset:
// apply it again).
Result<std::map<std::string, GuardCounts>> guard_counts();

// Whom a packet that was dropped was from and for.
struct GuardDrop {
  IpAddress source;
  IpAddress destination;

  auto operator<=>(const GuardDrop&) const = default;
};
// Of the drops of the last ten minutes, since the rules were last put in place: each pair once, as many as
// there is room for (kMaxGuardDrops of each family); none of peers with a list of ports. An error when the
// table is not there.
inline constexpr int kMaxGuardDrops = 64;
Result<std::vector<GuardDrop>> guard_drops();

// Whether anything of it is there.
Result<bool> guard_is_present();
// Whether it is there, made for these peers, with as many rules as it had: `nft flush table` leaves the table
// and its chains, but empty, and a ruleset that was saved once may have been loaded again.
Result<bool> guard_is_whole(const GuardConfig& config);

// What it closes, and for the interfaces of which peers. No table there is no error.
struct GuardedPrefix {
  IpPrefix prefix;
  std::string interface;

  auto operator<=>(const GuardedPrefix&) const = default;
};
Result<std::vector<GuardedPrefix>> guarded_prefixes();

// The bridges of this network namespace, where bridge netfilter is there; otherwise none.
Result<std::vector<std::string>> filtered_bridges();

// All rules of this network namespace, whosever, as `nft list ruleset` prints them.
Result<std::string> firewall_rules();

// The text that apply_guard runs; what `cuttle check` can show.
Result<std::string> guard_text(const GuardConfig& config, const std::map<std::string, GuardCounts>& counts);

}  // namespace cuttle
