// Which hosts can be named to the agent together: one that makes the peers file a bad one is left out, and
// keeps nobody else from coming, changing or leaving. Pure, but for what is handed in.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "mesh/known.hh"

namespace cuttle::mesh {

struct FittingPeers {
  std::string text;                             // of the peers file
  std::map<std::string, std::string> left_out;  // by host: why
  std::string problem;                          // not empty: even without anybody it is no good one
};

// `in_force`: the peers file as it is. Whoever stands in it goes before who does not, so that no newcomer
// puts out a link. `text_without`: a peers file without these hosts; `problem_of`: what is wrong with one.
FittingPeers peers_that_fit(
    const Known& known, const std::string& in_force,
    const std::function<std::string(const std::set<std::string>& left_out)>& text_without,
    const std::function<std::string(const std::string& text)>& problem_of);

}  // namespace cuttle::mesh
