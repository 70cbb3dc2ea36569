// From an OSD's `dump_historic_ops` to steps. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "trace/step.hh"

namespace cuttle::trace {

// The steps of `request` ("client.4224.0:1") that `osd` knows of; none when the operation is not in its
// history. `primary`: whether the OSD is the operation's primary. Fails when `json` is not such a document.
Result<std::vector<Step>> historic_steps(std::string_view json, const std::string& request, int osd,
                                         bool primary, bool put);

}  // namespace cuttle::trace
