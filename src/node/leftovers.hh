// What an earlier run left of its redirect, perhaps under another configuration: with other peers, another
// firewall_mark or route_table. All of it carries our protocol number or this node's alias, so the old file
// is not needed to find it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "io/links.hh"
#include "node/closed_address.hh"

namespace cuttle {

// Whether an earlier run, or one that goes on, left anything that closes the way to a peer. True, too, where
// that cannot be told: then nothing may be opened.
bool is_closed(const NodeConfig& config);

// The addresses that were left closed, by routes and rules of ours, or by the guard, those then whole; an
// error where the lock alone is left, which does not say. `config`: which tables to look into.
Result<std::vector<ClosedAddress>> closed_addresses(const NodeConfig& config);

// An error when a process holds an interface of this node: an agent whose file names another control socket
// than this one, so that it does not answer there. What it set up is not left over. So it is where another
// node has interfaces in this network namespace: there is one guard and one lock.
Result<void> check_alone(const NodeConfig& config);

// An interface here that a process holds as the agent of this node or of another; none: there is no agent,
// whatever file it was started with.
Result<std::optional<Link>> find_held_interface();

// The tables of this configuration, and those that rules of ours look up besides.
Result<std::vector<uint32_t>> tables_in_use(const NodeConfig& config);

// Takes away what this configuration, which is closed by now, does not ask for: routes of addresses that no
// peer has, rules with another mark or table, interfaces of peers that are gone.
Result<void> remove_leftovers(const NodeConfig& config);

}  // namespace cuttle
