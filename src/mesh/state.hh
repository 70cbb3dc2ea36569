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
  std::map<std::string, uint64_t> taken;  // by host: the number of its entry that was taken in lately
};

// `unix_s`: for a person; nothing decides by it. Links that are well are left out where there are more than
// the monitors take.
std::string state_json(const HostState& state, int64_t unix_s);
// The part that is worth telling at once: without times and lateness.
std::string state_essence(const HostState& state);

// Of another host's state: the number of `host`'s entry that it has taken in lately.
std::optional<uint64_t> taken_number(const std::string& state_json, const std::string& host);
// Hosts with a link that have not said that they took in that very entry of `own`'s. `states`: by host.
std::vector<std::string> not_taken_by(const Known& known, const std::map<std::string, std::string>& states,
                                      const Entry& own);

}  // namespace cuttle::mesh
