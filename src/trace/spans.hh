// What lies between two moments: the length of each step, waits for the monitor, messages on their way, and
// the links they crossed. Private to this folder.
#pragma once

#include <vector>

#include "trace/observation.hh"
#include "trace/recognise.hh"
#include "trace/step.hh"

namespace cuttle::trace {

// Of moments sorted by time: up to the next one of the same lane and node.
void add_durations(std::vector<Step>& steps);

void add_waits(Trace& trace);

// A message that seems to have been received before it was sent gets no hop but a notice: two hosts' clocks
// differ.
void add_hops(Trace& trace);

// Which steps and hops cross a shaped link, by the addresses of the peers.
void name_links(const Observation& observation, const Recognised& recognised, Trace& trace);

}  // namespace cuttle::trace
