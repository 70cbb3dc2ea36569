// The timeline of a trace as SVG: a lane each for client, monitor, wire, primary and replicas. Private to
// this folder.
#pragma once

#include <cstdint>
#include <string>

#include "trace/step.hh"

namespace cuttle::trace {

// A <figure> of what happened in [from_ns, to_ns]. All text is escaped.
std::string timeline(const Trace& trace, int64_t from_ns, int64_t to_ns, const std::string& title,
                     const std::string& caption);

}  // namespace cuttle::trace
