// The tracer's own line to the cluster, a librados handle apart from the traced one and without a log. It
// asks the monitor where an object lives and the OSDs for their historic operations.
//
// One JSON object a line each way:
//   {"to": "mon", "command": {...}}              -> {"status": 0, "out": "...", "said": "..."}
//   {"to": "osd", "id": 1, "command": {...}}     the same
//   {"to": "undo", "id": 1, "command": {...}}    kept; sent to that OSD when the input ends, whatever ended
//   it
// The first line it writes is the connection's outcome: {"status": 0, "said": ""}.
#pragma once

#include "settings.hh"

namespace cuttle::trace {

// Until the input ends. The exit status.
int run_control(const ClientSettings& settings);

}  // namespace cuttle::trace
