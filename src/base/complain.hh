// How every program here ends, and how it says what went wrong.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "base/printable.hh"

namespace cuttle {

enum ExitStatus : int {
  kDone = 0,
  kFailed = 1,    // it was tried and failed, or the answer is no
  kBadInput = 2,  // arguments, configuration or environment; nothing was changed
};

// "cuttle: MESSAGE" on stderr; a message may repeat what somebody else sent. Returns what the program is to
// end with.
inline ExitStatus complain(std::string_view message, ExitStatus status = kBadInput) {
  fmt::print(stderr, "cuttle: {}\n", printable(message, true));
  return status;
}

}  // namespace cuttle
