// What the agents say about their links, before and after an operation. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "control/status.hh"
#include "trace/step.hh"

namespace cuttle::trace {

// Agents that do not answer are left out; `notices` says which.
std::vector<StatusSnapshot> ask_agents(const std::vector<std::string>& sockets,
                                       std::vector<std::string>& notices);

std::vector<LinkUse> link_uses(const std::vector<StatusSnapshot>& before,
                               const std::vector<StatusSnapshot>& after);

}  // namespace cuttle::trace
