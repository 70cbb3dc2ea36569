// What an entry claims, and whose it is by what is known here, by root's configuration and by the cluster's
// maps. Pure.
#pragma once

#include <string>
#include <vector>

#include "mesh/reconcile.hh"

namespace cuttle::mesh {

// Why this entry cannot be: what it claims is somebody else's. Empty: it can. Not looked at are those of
// root's own [[peer]] tables (mesh/root_peers.hh).
std::string conflict_of(const Known& known, const Owners& owners, const Bounds& bounds, const Entry& entry);

// Hosts that say an address is theirs which went to another by root's word, and which two of them may have
// back since that one is gone: root has to say again whose it is.
std::vector<MeshProblem> undecided_problems(const Known& known);

// Whether the operator's word gives it that address.
bool is_given(const Known& known, const Entry& entry, const IpAddress& address);

// Whether a port of the one is one of the other's.
bool shares_a_port(const Entry& a, const Entry& b);

}  // namespace cuttle::mesh
