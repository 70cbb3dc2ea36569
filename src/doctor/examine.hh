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
// Guests beside the node, which its guard does not see, by what they are attached to. `functions`: how many
// SR-IOV functions each device gives away, by its name. Devices in other network namespaces are not among the
// links.
Findings examine_guests(const std::vector<Link>& links, const std::map<std::string, int>& functions);
// The lock at the egress of this machine's devices, and what is asked before it; and examine_guests of all
// that is there.
Findings examine_devices(const NodeConfig& config);
// Who else sends to the node's ports: a peer whose address or port something on the way rewrites, say.
// `heard`: from where datagrams came.
Findings examine_unknown_sources(const NodeConfig& config, const std::vector<Endpoint>& heard);
// What a running agent says: links, shapes of both ends, lateness, drops.
Findings examine_status(const StatusSnapshot& status);
// Why an agent has no real-time priority that this process could have: `agent_cgroup` is where it runs, as
// /proc/PID/cgroup says.
Finding examine_priority(const std::string& why_not, bool permitted_here, const std::string& agent_cgroup);
// Whether this process could have it; a process that asks gives it back.
bool may_have_realtime();

// No agent runs: a real handshake, in cells of the real size, with each peer. An answer shows that the path
// carries such cells both ways, that ports are open, and that keys and shapes agree. Precondition:
// loaded.good().
Findings probe_peers(const LoadedConfig& loaded, Duration timeout);

}  // namespace cuttle::doctor
