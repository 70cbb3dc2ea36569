// What of a configuration becomes rules, routes and guard (redirect.hh). Pure.
#pragma once

#include <vector>

#include "config/config.hh"
#include "io/guard.hh"
#include "io/port_rules.hh"
#include "io/routes.hh"
#include "io/rules.hh"

namespace cuttle {

RedirectRule rule_of(const NodeConfig& config);
std::vector<PortRule> port_rules_of(const NodeConfig& config);
GuardConfig guard_of(const NodeConfig& config);

// The one table that a peer's routes are in.
uint32_t table_of(const NodeConfig& config, const PeerConfig& peer);
Route blackhole_of(const IpPrefix& prefix);

}  // namespace cuttle
