// How packets leave for the peers on this machine as it is now: whose routes and rules lead them where.
// Reads, changes nothing.
#pragma once

#include <optional>
#include <string>

#include "config/config.hh"

namespace cuttle {

// The address that this node's packets to a peer's prefix come from: the one that the machine would choose
// without a link, where it is among the node's own, else the first of the family. nullopt: there is none.
std::optional<IpAddress> source_for(const NodeConfig& config, const IpPrefix& prefix);

// An IPv6 prefix, and no IPv6 on the peer's interface: no route can lead there.
bool has_no_ipv6(const PeerConfig& peer, const IpPrefix& prefix);

// What leads traffic to a peer past its link, if anything does: a rule of somebody's before Cuttle's, say.
// The guard drops it then. Empty where all is well.
std::string way_trouble(const NodeConfig& routed);

// Which rule of another's that may be: the first before Cuttle's that looks up `table`. Empty where none is
// seen.
std::string rule_before(const NodeConfig& config, bool is_v6, uint32_t table);

}  // namespace cuttle
