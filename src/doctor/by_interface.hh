// Firewalls that let things in by the interface they come in by: from a peer, that is its link's now.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doctor/finding.hh"

namespace cuttle::doctor {

// `ruleset`: as `nft list ruleset` prints it. `ways_out`: the interfaces that lead to peers. Nothing where
// all is well. Pure.
Findings examine_rules_by_interface(std::string_view ruleset, const std::vector<std::string>& ways_out);

}  // namespace cuttle::doctor
