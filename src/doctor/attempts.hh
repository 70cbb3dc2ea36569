// `cuttle doctor --try`: packets of every kind, through each link and beside it; what was expected, and what
// came.
#pragma once

#include <string>

#include "config/config.hh"
#include "control/status.hh"
#include "doctor/finding.hh"

namespace cuttle::doctor {

// Sends a few packets to each redirected address that is a host's, from each of this node's own addresses.
// `status`: what the agent says; nullptr where none runs. Beside a closed link nothing must pass; where guard
// and lock are gone, one small packet does, in the clear. Needs CAP_NET_RAW.
Findings try_links(const NodeConfig& config, const StatusSnapshot* status);

}  // namespace cuttle::doctor
