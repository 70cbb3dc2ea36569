// What a host tells the manager's module of itself, `cuttle/state/HOST`. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/status.hh"
#include "mesh/known.hh"
#include "mesh/reconcile.hh"

namespace cuttle::mesh {

struct HostState {
  std::string host;
  std::optional<StatusSnapshot> agent;              // none: it does not answer
  std::map<std::string, std::string> host_of_peer;  // by the peer's name
  std::vector<MeshProblem> problems;
  struct Taken {
    std::string host;
    uint64_t number;  // of its entry
  };
  std::vector<Taken> taken;  // whose entries were taken in lately, the last one first
};

// `unix_s`: for a person; nothing decides by it. What is more than the monitors take is left out: of links
// those that are well, of entries those that were taken in first.
std::string state_json(const HostState& state, int64_t unix_s);
// The part that is worth telling at once: without times and lateness.
std::string state_essence(const HostState& state);

// Of another host's state: the number of `host`'s entry that it has taken in lately.
std::optional<uint64_t> taken_number(const std::string& state_json, const std::string& host);
// What is wrong with the agent, as the host told it: perhaps another's text, for whoever has the host's
// keyring writes there. Of it that is left which can be shown; what to do is this program's own word.
std::vector<MeshProblem> told_agent_problems(const std::string& state_json);
// Hosts with a link that have not said that they took in that very entry of `own`'s. `states`: by host.
std::vector<std::string> not_taken_by(const Known& known, const std::map<std::string, std::string>& states,
                                      const Entry& own);

}  // namespace cuttle::mesh
