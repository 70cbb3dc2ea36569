// Whether this machine has the CPUs that a node's links ask for.
#pragma once

#include "capacity/host_costs.hh"
#include "config/config.hh"
#include "doctor/finding.hh"

namespace cuttle::doctor {

// Bad where cover alone takes more than kMaxForCover of the CPUs, unsure where the links full of data take
// them all.
Finding capacity_finding(const NodeConfig& config, const capacity::HostCosts& costs);

// With costs measured here, in half a second.
Finding examine_capacity(const NodeConfig& config);

}  // namespace cuttle::doctor
