// An observation in a folder: to look at later, to attach to a report, to test with.
//
//   client.log        the client's log, without keys
//   observation.json  everything else: calls, clock readings, the OSDs' histories (only this operation's
//   part)
#pragma once

#include <string>

#include "base/result.hh"
#include "trace/observation.hh"

namespace cuttle::trace {

inline constexpr const char* kLogFile = "client.log";
inline constexpr const char* kObservationFile = "observation.json";

// Everything but the log. `request`: whose operations of the histories are kept.
Result<void> save_observation(const std::string& folder, const Observation& observation,
                              const std::string& request);
Result<Observation> load_observation(const std::string& folder);

}  // namespace cuttle::trace
