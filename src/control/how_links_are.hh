// Of a status document only how each link is: for who asks often, and holds hundreds of links.
#pragma once

#include <string_view>

#include "control/status.hh"

namespace cuttle {

// Name, state, whether it is open, how it hides, what releases its cells and how late; all
// else, also of the node, as if it were missing.
Result<StatusSnapshot> how_links_are(std::string_view text);

}  // namespace cuttle
