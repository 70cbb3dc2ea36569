// A trace for the terminal: a tree of sections and steps.
#pragma once

#include <string>

#include "trace/step.hh"

namespace cuttle::trace {

struct TreeOptions {
  bool colour = false;   // ANSI
  bool purposes = true;  // what each step is for
};

std::string tree(const Trace& trace, const TreeOptions& options);

// "write of 7 bytes to bench/greeting by client.4224, Ceph 16.2.15"
std::string headline(const Trace& trace);
// Distinct steps that were observed (hops and waits count, background ones too).
size_t distinct_steps(const Trace& trace);

}  // namespace cuttle::trace
