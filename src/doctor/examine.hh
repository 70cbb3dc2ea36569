// The examinations of `cuttle doctor`. Those of the host and of an agent's own words read only; probing the
// peers sends handshakes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hh"
#include "control/status.hh"
#include "doctor/finding.hh"
#include "io/links.hh"

namespace cuttle::doctor {

// Real-time permission, locked memory, clock, /dev/net/tun, segmentation offload of UDP.
Findings examine_host();
// Addresses, reverse-path filter, interfaces' MTU, names: what `cuttle check` finds on this machine.
Findings examine_configuration(const LoadedConfig& loaded);
// Who cuts trains of cells into datagrams.
enum class TrainCut {
  card,
  beyond,      // whoever is behind an interface that is none
  kernel,      // before the interface
  one_by_one,  // there are no trains
};
Finding train_finding(const std::string& interface, TrainCut cut);
// The interfaces that lead to peers.
std::vector<std::string> ways_out(const NodeConfig& config);
Findings examine_trains(const std::vector<std::string>& interfaces);
// Whether rules of others may drop the cells. `ruleset`: as `nft list ruleset` prints it.
Findings examine_firewall(std::string_view ruleset, uint16_t port);
// Guests beside the node, which its guard does not see, by what they are attached to. `functions`: how many
// SR-IOV functions each device gives away, by its name. Devices in other network namespaces are not among the
// links.
Findings examine_guests(const std::vector<Link>& links, const std::map<std::string, int>& functions);
// The lock at the egress of this machine's devices, and what is asked before it; and examine_guests of all
// that is there.
Findings examine_devices(const NodeConfig& config);
// What a running agent says: links, shapes of both ends, lateness, drops.
Findings examine_status(const StatusSnapshot& status);

// No agent runs: a real handshake, in cells of the real size, with each peer. An answer shows that the path
// carries such cells both ways, that ports are open, and that keys and shapes agree. Precondition:
// loaded.good().
Findings probe_peers(const LoadedConfig& loaded, Duration patience);

}  // namespace cuttle::doctor
