// The peers file: what the agent's loader reads (config/parse.hh, PeersText). Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "mesh/reconcile.hh"

namespace cuttle::mesh {

// `joining`: links that have never been up begin open. The same text for the same values.
// `left_out`: hosts that have no link here; their addresses stay closed.
std::string peers_text(const Known& known, const Bounds& bounds, bool joining,
                       const std::set<std::string>& left_out = {});
// The line that a host's table begins with.
std::string peer_heading(const std::string& host);
// Whether that host has a link by it.
bool names_host(const std::string& peers_text, const std::string& host);

// Whose link stands aside, leaves an address out, or has one that stayed closed for another host, has that
// closed meanwhile: it never begins open again.
void note_closed_here(Known& known, const Bounds& bounds);

// Hosts with a link that stands aside, or carries less, because this machine has an address of theirs, or is
// in a network that ends at one.
std::vector<MeshProblem> own_address_problems(const Known& known, const Bounds& bounds);

}  // namespace cuttle::mesh
