// The peers file: what the agent's loader reads (config/parse.hh, PeersText). Pure.
#pragma once

#include <string>
#include <vector>

#include "mesh/reconcile.hh"

namespace cuttle::mesh {

// `joining`: links that have never been up begin open. The same text for the same values.
std::string peers_text(const Known& known, const Bounds& bounds, bool joining);

// Whose link stands aside, or leaves an address out, has that closed meanwhile: it never begins open again.
void note_closed_here(Known& known, const Bounds& bounds);

// Hosts with a link that stands aside, or carries less, because this machine has an address of theirs.
std::vector<MeshProblem> own_address_problems(const Known& known, const Bounds& bounds);

}  // namespace cuttle::mesh
