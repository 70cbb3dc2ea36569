// Traces as JSON: what `--json` prints and what `compare` reads.
//
//   {"format": "cuttle-trace", "version": 1, "traces": [{"operation": "put", ..., "steps": [...]}]}
//
// Times are nanoseconds; a step's "at_ns" counts from the trace's begin, "began" is that begin as text. Keys
// only ever get added.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "trace/step.hh"

namespace cuttle::trace {

std::string to_json(const std::vector<Trace>& traces);
Result<std::vector<Trace>> traces_from_json(std::string_view text);
Result<std::vector<Trace>> traces_from_file(const std::string& path);

}  // namespace cuttle::trace
