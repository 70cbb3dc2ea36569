// Where metrics may be served. What they say is what the links hide: how much is carried, and when.
#pragma once

#include <string>

#include "base/ip.hh"
#include "base/result.hh"

namespace cuttle {

// The address and port that the option names. An error: what to write instead, also where others can reach
// the address and it was not said that this is safe (`reveal`).
Result<Endpoint> parse_metrics_address(const std::string& option, const std::string& text,
                                       const std::string& example, bool reveal);

}  // namespace cuttle
