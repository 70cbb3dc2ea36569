// One way to say that the system refused: what was tried, the system's word for why, and what to do.
#pragma once

#include <string_view>

#include "base/os_error.hh"
#include "base/result.hh"

namespace cuttle {

// "WHAT: TEXT" or "WHAT: TEXT; ADVICE". For EPERM and EACCES without advice, names the capability as advice.
tl::unexpected<Error> os_failure(std::string_view what, int error_number, std::string_view advice = {});

}  // namespace cuttle
