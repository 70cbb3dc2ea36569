// What this machine's firewalls do to the cells of each link (firewall_walk.hh), and what would let them
// through.
#pragma once

#include <string>
#include <vector>

#include "config/config.hh"
#include "doctor/finding.hh"
#include "doctor/firewall_walk.hh"

namespace cuttle::doctor {

struct PeerCells {
  std::string peer;
  Cell in;
  Cell out;
};

// Of every link, by the interfaces that lead to its peer now.
std::vector<PeerCells> cells_of(const NodeConfig& config);
// What stands in their way, each rule once. Pure.
Findings examine_firewall(const Ruleset& rules, const std::vector<PeerCells>& peers);
// All rules of this machine, nftables' and of the old tables.
Findings examine_firewalls(const NodeConfig& config);

}  // namespace cuttle::doctor
