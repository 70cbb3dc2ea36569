// From an observation to a trace. Pure. No time is ever made up: what was not observed is a notice.
#pragma once

#include "trace/observation.hh"
#include "trace/recognise.hh"
#include "trace/step.hh"

namespace cuttle::trace {

// The log's part alone: also tells which request to look for in which OSDs' histories.
Recognised recognise(const Observation& observation);

Trace assemble(const Observation& observation);

// The step's moments and hops by time, as the trace holds them; also what a trace read back from a file
// needs.
void sort_by_time(std::vector<Step>& steps);

}  // namespace cuttle::trace
