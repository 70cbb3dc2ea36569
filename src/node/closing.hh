// Closing the addresses of the peers without an agent: at boot, before the network is up (`cuttle close`).
#pragma once

#include "base/result.hh"
#include "config/config.hh"

namespace cuttle {

// Closes the addresses of all peers that are not joining, as an agent does before anything else, and leaves
// it at that: no interface, no link. Does nothing while an agent of this node runs. Twice is no error.
// Addresses that were closed before under another file stay closed. `trusted`: nobody else could have written
// the file; of one that is not, the socket which it names is not asked whether there is an agent.
Result<void> close_without_agent(const NodeConfig& config, bool trusted);

// Whether an agent of this node runs, as far as its control socket tells: a program of a user whom it may run
// as.
bool own_agent_is_there(const NodeConfig& config);

}  // namespace cuttle
