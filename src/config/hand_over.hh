// A configuration with its keys as bytes: from the process that may read the files to the agent, which may
// not (helper/privileged_helper.hh). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hh"
#include "config/load.hh"

namespace cuttle {

// The text of the file, the keys, and what is wrong with either. Holds secrets: wipe it after use.
std::string to_bytes(const LoadedConfig& loaded);

// The same again; the configuration is parsed anew from its text. An error only where the bytes are not
// such.
Result<LoadedConfig> from_bytes(const std::string& file, std::string_view bytes);

}  // namespace cuttle
