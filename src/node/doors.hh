// What a lane goes in and out by, opened: the queue of its peer's interface and its socket. That takes
// privileges, which whoever then serves the lane does not need.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "io/tun.hh"
#include "io/udp.hh"

namespace cuttle {

struct LaneDoor {
  Tun queue;
  UdpSocket socket;
  std::string underlay;     // the interface that its cells leave by; empty where none was found
  bool cut_by_cpu = false;  // trains are cut into datagrams by this machine's CPUs, not by the card
};

// One for every lane of the link with the configuration's i-th peer, in their order. The interface is made
// where there is none, and left down. `owner_user`: as in TunOptions and UdpOptions.
Result<std::vector<LaneDoor>> open_doors(const NodeConfig& config, size_t i,
                                         std::optional<uint32_t> owner_user);

TunOptions tun_options_of(const NodeConfig& config, const PeerConfig& peer);

// Sockets for what no lane receives, of every port that the node holds but the first `already`; fewer, with a
// line in the log, where one cannot be had that root's own peers do not need.
Result<std::vector<UnknownSourceSocket>> open_unknown_sources(const NodeConfig& config, size_t already,
                                                              std::optional<uint32_t> owner_user);

// The interface that cells to that peer leave by, or will when there is a route again; empty where none is
// known.
std::string underlay_of(const NodeConfig& config, const PeerConfig& peer);
// The interface that this node's own address is on; empty for loopback, and where it is on none.
std::string own_underlay_of(const NodeConfig& config);
// The interface that cells to that peer leave by just now. None where there is no way, which is none other;
// nor is one into a link, where a route through a peer may lead.
std::optional<std::string> way_out_now(const NodeConfig& config, const PeerConfig& peer);

// By interface, the sizes of cell that leave by it, ascending: of the peers that `counts`, asked of each and
// its interface, says yes to, and of the mesh's peers that are still to come. Queues are set up once.
std::map<std::string, std::vector<uint32_t>> cell_sizes_by_underlay(
    const NodeConfig& config,
    const std::function<bool(const PeerConfig&, const std::string& underlay)>& counts);

}  // namespace cuttle
