// What a node drops that was perhaps meant to come through, and why.
#pragma once

#include <vector>

#include "base/ip.hh"
#include "config/config.hh"
#include "control/status.hh"
#include "doctor/finding.hh"
#include "io/guard.hh"
#include "io/routes.hh"

namespace cuttle::doctor {

// Each pair of addresses that the guard dropped, with what it probably was. `own`: this machine's addresses.
// Pure.
Findings explain_drops(const NodeConfig& config, const std::vector<GuardDrop>& drops,
                       const std::vector<LocalAddress>& own);
// What came out of the links with addresses that do not belong there. Pure.
Findings explain_foreign(const StatusSnapshot& status);
// explain_drops of this machine; nothing where the guard is not there. Needs CAP_NET_ADMIN.
Findings examine_drops(const NodeConfig& config);

}  // namespace cuttle::doctor
