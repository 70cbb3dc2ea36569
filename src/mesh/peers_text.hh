// The peers file: what the agent's loader reads (config/parse.hh, PeersText). Pure.
#pragma once

#include <string>

#include "mesh/reconcile.hh"

namespace cuttle::mesh {

// `joining`: links that have never been up begin open. The same text for the same values.
std::string peers_text(const Known& known, const Bounds& bounds, bool joining);

}  // namespace cuttle::mesh
