// An interface that has the name of a peer's link, ct-NAME, and is somebody else's: nothing of it is changed
// or taken away. The machine is asked.
#pragma once

#include "base/result.hh"
#include "config/config.hh"
#include "io/links.hh"

namespace cuttle {

// Ours is a TUN interface with this node's alias, which it gets before it can outlive who made it (tun.hh).
// One without any is somebody else's: a VPN's, say.
bool is_others(const NodeConfig& config, const Link& link);
// Whether there is one. False where it cannot be told: whoever uses the name finds out.
bool has_others_interface(const NodeConfig& config, const PeerConfig& peer);
// An error that says so.
Result<void> check_no_others_interface(const NodeConfig& config, const PeerConfig& peer);
// Takes the peer's interface away. No error where there is none, or it is somebody else's, who keeps it.
Result<void> remove_own_interface(const NodeConfig& config, const PeerConfig& peer);

}  // namespace cuttle
