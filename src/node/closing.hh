// Closing the addresses of the peers without an agent: at boot, before the network is up (`cuttle close`).
#pragma once

#include "base/result.hh"
#include "config/config.hh"

namespace cuttle {

// Closes the addresses of all peers that are not joining, as an agent does before anything else, and leaves
// it at that: no interface, no link. Does nothing while an agent of this node runs. Twice is no error.
Result<void> close_without_agent(const NodeConfig& config);

}  // namespace cuttle
