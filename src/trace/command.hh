// `cuttle trace`: a librados write or read, step by step, as it really happened.
#pragma once

#include <CLI/CLI.hpp>

namespace cuttle::trace {

// Adds the words put, get, compare and steps to `app`. `status` gets the exit status when one of them runs: 0
// done, 1 the operation failed, 2 bad input or environment. Both must live until the command line is parsed.
void add_trace_words(CLI::App& app, int& status);

// The same below a word `trace`.
void add_trace_command(CLI::App& app, int& status);

}  // namespace cuttle::trace
