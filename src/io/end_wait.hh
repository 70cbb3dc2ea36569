// Waiting for somebody to say that it is enough.
#pragma once

#include <optional>

#include "base/time.hh"
#include "io/signals.hh"

namespace cuttle {

// Until one of these signals, Enter, or the end of what is typed; with a time, until it is over or a signal:
// then nobody need be there to type.
void wait_for_the_end(const Signals& signals, std::optional<Duration> time);

// What is written to a pipe that nobody reads fails, and does not end the process.
void ignore_broken_pipes();

}  // namespace cuttle
