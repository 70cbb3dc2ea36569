// What an operator configures: one node, the shape of its links, and its peers. Plain values, complete and
// checked once parse_config or load_config hands them out; every default is filled in.
// docs/configuration.md describes the file; parse.hh reads it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hh"
#include "base/ports.hh"
#include "base/time.hh"
#include "crypto/keys.hh"
#include "crypto/signature.hh"
#include "ladder/settings.hh"
#include "link/calendar.hh"

namespace cuttle {

// What lets trains go at their instants.
enum class ReleaseBy : uint8_t {
  best,    // a queue where one can be had, else the pacer's thread
  queue,   // a queue, or the agent does not start
  thread,  // the pacer's thread
  txtime,  // a queue (fq) that lets each train go at the instant that stands on it, or the agent does not
           // start
};

// How a link looks on the wire: the size of its cells, and how many leave when.
//
// The default is the shape that tells least at a price that can be paid; docs/timing.md has what was
// measured.
struct Shape {
  static constexpr Duration kDefaultSlot = microseconds(1500);
  static constexpr uint32_t kDefaultJitterPercent = 100;

  // UDP payload of every datagram. 0 in NodeConfig::shape when the file leaves it out: then the default for
  // the family of the link's endpoint. Never 0 in a peer's own shape.
  uint32_t cell_bytes = 0;
  uint64_t rate_bps = 200'000'000;  // bits of IP packets a second: cell + UDP and IP headers
  Duration slot = kDefaultSlot;     // as asked for; shape_plan.hh says what it comes out as
  // 0 to 100: each release is drawn uniformly inside that share of its slot
  uint32_t jitter_percent = kDefaultJitterPercent;
  bool scatter = false;  // the cells of a slot leave one by one, each at an instant of its own
  std::vector<CalendarEntry> calendar{};  // of other rates than rate_bps; they do not overlap
  // Of the whole node: [shape]'s, where the link has no rate or calendar of its own. rate_bps is its top.
  std::optional<ladder::Settings> ladder{};

  bool operator==(const Shape&) const = default;
};

struct PeerConfig {
  std::string name;  // at most 12 characters of [a-z0-9_.-]: the interface is "ct-" + name
  PublicKey public_key;
  std::optional<PublicKey> next_public_key;  // accepted as well, while the peer changes its key
  std::string preshared_key_file;            // empty: no preshared key
  Endpoint endpoint;                         // lane j goes to port + j
  std::vector<IpPrefix> redirect;            // the peer's addresses: traffic to them goes through the link
  std::vector<PortRange> ports;              // only what comes from or goes to these; empty: all of it
  Shape shape;                               // complete: the node's shape, overridden by the peer's own
  uint32_t lanes = 1;                        // UDP flows; lane j listens on the node's port + j
  bool joining = false;  // until the link has been up once, traffic passes beside it (node/joining.hh)
  std::optional<Duration> joining_limit = {};  // then it ends even where the link has not been up
  uint32_t line = 0;                           // where [[peer]] stands in root's file; 0: the mesh named it
  std::string site = {};                       // where it is, for relays; empty: none
  std::string interface_name() const { return "ct-" + name; }

  bool operator==(const PeerConfig&) const = default;
};

// A node whose peers are told by the cluster's monitors, through cuttle-mesh (docs/mesh.md): it writes the
// peers file, and this is what root's file allows it.
struct MeshConfig {
  std::string host;                // its name in the mesh; default: that of the node
  std::string peers_file;          // [[peer]] tables and `closed`; belongs to cuttle-mesh or root
  std::vector<IpPrefix> networks;  // where these peers' addresses may be; empty: anywhere
  std::optional<VerifyingKey> signing_key = {};  // whoever is new, or changed, has to be signed with it
  bool joining = true;                           // of links to hosts that were never closed before
  Duration joining_limit = seconds(86'400);      // of each of them
  std::string ceph_conf;                         // empty: where Ceph looks by itself
  std::string ceph_name;                         // default: client.cuttle.HOST
  std::string keyring;                           // empty: where Ceph looks by itself

  bool operator==(const MeshConfig&) const = default;
};

// Nodes send for each other what a link has no room for (docs/cover.md).
struct RelayConfig {
  uint32_t share_percent = 25;  // of each link that others have at the least
  std::string site;             // of this node; empty: none

  bool operator==(const RelayConfig&) const = default;
};

struct NodeConfig {
  std::string name;
  std::string private_key_file;
  Endpoint listen;                   // lane j of every link uses port + j
  std::vector<IpAddress> addresses;  // own addresses, source of redirected traffic; default: that of `listen`
  std::vector<IpPrefix> accept;      // where packets out of the links may go; empty: wherever routes lead
  std::vector<IpPrefix> multicast;   // groups that peers may speak to beside their links, in the clear
  // On cells, so that they leave by the main table. Without bits that others test: Kubernetes (0xe000),
  // Cilium (0x0f00), Calico, Tailscale and Proxmox (0xffff0000), transparent proxies (3).
  uint32_t firewall_mark = 0x10c0;
  uint32_t route_table = 4410;  // links that carry certain ports only: the next one
  // Of the routing rule that leads into the links; the one before it is the queues', the one after it that of
  // links that carry certain ports only.
  uint32_t rule_preference = 100;
  uint32_t inner_mtu = 1500;  // of every ct- interface
  // Links agree on preshared keys by themselves, none older than this (link/preshared_ratchet.hh); nullopt:
  // no.
  std::optional<Duration> renew_preshared;
  std::string renewed_file;    // where they are kept; default: /var/lib/cuttle/NAME.preshared
  std::string user;            // whom the agent becomes once it is set up; empty: it stays who it is
  std::string control_socket;  // default: /run/cuttle/NAME.sock
  std::string status_group = "cuttle-metrics";  // may ask for the status, where there is such a group
  bool realtime = true;                    // SCHED_FIFO and locked memory for the pacers, where permitted
  Duration poll_before = microseconds(0);  // spin this long before each deadline instead of sleeping
  // CPUs may sleep so deeply that they wake up within this, no deeper; nullopt: as the system decides.
  std::optional<Duration> cpu_latency;
  ReleaseBy release = ReleaseBy::best;
  std::optional<Duration> lead;  // trains are handed to the queue so long ahead; nullopt: as the host needs
  bool segmentation = true;      // trains go to the kernel whole; false: datagram by datagram
  bool spin = false;             // the threads of a shard poll and never sleep
  uint32_t shards = 1;           // links are spread over this many groups of threads
  std::vector<uint32_t> cpus;    // shard i's pacer runs on cpus[i % size]; empty: the kernel decides
  std::string driver = "native";
  Shape shape;  // default of every link
  std::optional<RelayConfig> relay = {};
  std::vector<PeerConfig> peers;  // root's own first, then those of the peers file
  std::optional<MeshConfig> mesh = {};
  // Addresses without a link that stay closed: of hosts that left the mesh or were revoked. None of a peer's.
  std::vector<IpPrefix> closed = {};

  bool operator==(const NodeConfig&) const = default;

  // Whether somebody else than root says where it is: what is wrong with that is a matter of its link alone.
  bool is_of_mesh(const PeerConfig& peer) const { return mesh && peer.line == 0; }

  uint32_t port_table() const { return route_table + 1; }
  uint32_t clock_preference() const { return rule_preference - 1; }
  uint32_t port_preference() const { return rule_preference + 1; }
  // Of the clock device of that number. A table each: a route is not found by its device where a socket only
  // names that beside its datagram.
  // The kernel's own tables, 253 to 255, are stepped over.
  uint32_t clock_table(uint32_t number) const {
    const uint32_t table = route_table + 2 + number;
    return route_table < 253 && table >= 253 ? table + 3 : table;
  }
  bool has_port_lists() const {
    return std::any_of(peers.begin(), peers.end(),
                       [](const PeerConfig& peer) { return !peer.ports.empty(); });
  }

  // The most lanes of any link: the node listens on this many ports. 0 without peers.
  uint32_t max_lanes() const {
    uint32_t max = 0;
    for (const PeerConfig& peer : peers) max = peer.lanes > max ? peer.lanes : max;
    return max;
  }
  // The same of root's own peers: without these ports the node does not run.
  uint32_t max_lanes_of_root() const {
    uint32_t max = 0;
    for (const PeerConfig& peer : peers) max = !is_of_mesh(peer) && peer.lanes > max ? peer.lanes : max;
    return max;
  }
  // How many ports it holds: in a mesh the first also before anybody is named, or a neighbour could take it
  // and keep them all out.
  uint32_t ports_to_hold() const { return std::max(max_lanes(), mesh ? 1U : 0U); }
};

}  // namespace cuttle
