// Which running agent a word speaks to: the one that is named, or the only one there is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.hh"

namespace cuttle {

struct AgentChoice {
  std::string node;
  std::string socket;
  std::string config;
};

// NODE, --socket and --config, of which at most one is given. `choice` must outlive the parsing.
void add_agent_choice(CLI::App& command, AgentChoice& choice);

// The path of its control socket; otherwise says why there is none. Complains by itself about what is wrong
// in a configuration.
Result<std::string> socket_of(const AgentChoice& choice);

}  // namespace cuttle
