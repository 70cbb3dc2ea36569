// Traffic to the peers goes into the links, or nowhere (docs/hosts.md, "What Cuttle sets up"). For each peer
// address a route into the peer's ct- interface and, of higher metric, a blackhole; a rule that sends all but
// the cells there (or, where a link carries certain ports only, rules that send these there); and a guard
// that drops what would bypass the links in either direction; and behind it a lock at the egress of every
// device, which does not go with a flushed ruleset.
#pragma once

#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "control/status.hh"
#include "io/guard.hh"
#include "node/closed_address.hh"

namespace cuttle {

// Blackholes, rules, guard and lock: from here on nothing leaves unshaped. Precedes the links. What can be
// closed is, whatever fails; the first failure is told.
Result<void> close_all(const NodeConfig& config);
// The blackholes and the rule alone, without guard and lock.
Result<void> close_routes(const NodeConfig& config);
// Addresses, routes and sizes of the ct- interfaces, which exist: of all, or of one peer's.
Result<void> open_links(const NodeConfig& config);
Result<void> open_link(const NodeConfig& config, const PeerConfig& peer);
// Takes away the routes, blackholes included, of addresses that only `before` redirects.
Result<void> withdraw_routes(const NodeConfig& before, const NodeConfig& after);
// Undoes both, and what an earlier run left under another configuration (leftovers.hh).
Result<void> remove_redirect(const NodeConfig& config);
// The same after a trial, but for what was closed before it (leftovers.hh), which stays closed.
Result<void> remove_redirect_but(const NodeConfig& config, const std::vector<ClosedAddress>& closed_before);

// What guard and lock are made from: the configuration, and what of this machine's interfaces is a bridge, or
// has a link's name and is somebody else's.
Result<GuardConfig> guard_on_this_machine(const NodeConfig& config);
// What the guard dropped so far. An error when it is gone: somebody flushed the ruleset.
Result<GuardStatus> guard_status();
// Puts guard and lock back.
Result<void> restore_guard(const NodeConfig& config);

}  // namespace cuttle
