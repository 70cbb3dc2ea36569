// Root's own [[peer]] tables beside what the store says: they win. Pure.
#pragma once

#include <vector>

#include "config/config.hh"
#include "mesh/entry.hh"

namespace cuttle::mesh {

// Whether one of them is that host, by key, endpoint or address: nothing from the store changes it.
bool says_the_same_host(const std::vector<PeerConfig>& root_peers, const Entry& entry);
// By its key.
bool has_its_key(const std::vector<PeerConfig>& root_peers, const Entry& entry);

}  // namespace cuttle::mesh
