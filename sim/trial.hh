// A trial: what one seed of one family stands for. A run with its checks, or a pair of runs that must look
// the same; and when it fails, the smallest part of it that still does, with the command that replays it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/run.hh"

namespace cuttle::sim {

struct TrialOptions {
  Mutant mutant = Mutant::none;
  AllocationProbe probe = nullptr;
};

// Whether the family compares pairs of runs.
bool compares(Family family);

// Empty when all is well, else what went wrong, a line for each.
std::string try_scenario(const Scenario& scenario, const TrialOptions& options);

// Leaves out ingredient after ingredient, and cuts the end off, as long as it still fails.
Scenario shrink(Scenario scenario, const TrialOptions& options);

// ./run sim ...
std::string replay_command(const Scenario& scenario, Mutant mutant);

// All of it for one seed: empty, or what went wrong, the scenario, shrunk, and the command.
std::string try_seed(Family family, uint64_t seed, const TrialOptions& options);

// From now on a broken invariant (CUTTLE_CHECK) in this process says which trial was at work before it
// aborts.
void announce_aborts();

}  // namespace cuttle::sim
