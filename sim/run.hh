// One run of a scenario, and two that must look the same.
#pragma once

#include <string>
#include <vector>

#include "sim/allocations.hh"
#include "sim/checker.hh"
#include "sim/cost_model.hh"
#include "sim/load.hh"
#include "sim/scenario.hh"
#include "sim/wire_trace.hh"

namespace cuttle::sim {

struct RunOptions {
  uint64_t payload_seed = 0;
  unsigned load_variant = 3;  // load.hh
  Mutant mutant = Mutant::none;
  AllocationProbe probe = nullptr;
  bool liveness = true;  // every link recovers, every flow finishes, the last packets arrive
};

struct RunResult {
  WireTrace trace;
  std::vector<Violation> violations;  // invariant 0: liveness
  std::vector<DirectedLoad> loads;
  uint64_t packets_sent = 0;
  uint64_t packets_delivered = 0;
  uint64_t packets_disordered = 0;
  uint64_t packets_relayed = 0;  // passed on by relays, and sent to them
  uint64_t sessions = 0;
  uint64_t events = 0;
};

RunResult run(const Scenario& scenario, const RunOptions& options);

// Runs the scenario twice with different payloads. Empty when the observer saw the same, else how not.
std::string compare_pair(const Scenario& scenario, uint64_t payload_seed, Mutant mutant = Mutant::none);

}  // namespace cuttle::sim
