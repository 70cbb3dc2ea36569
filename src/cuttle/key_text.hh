// Keys on standard input and output.
#pragma once

#include <string_view>

#include "base/result.hh"
#include "crypto/secret.hh"

namespace cuttle {

// A key as text, and room for blank space around it.
using KeyInput = Secret<128>;

// Reads standard input to its end into `memory`; the view is into it, without blanks at its end.
Result<std::string_view> read_key_text(KeyInput& memory);

// Prints `text` and a line feed, past stdio's buffers, which nobody wipes. False when not all of it could be
// written.
Result<void> print_key_text(std::string_view text);

// One line on stderr when standard output is a file that others may read.
void warn_if_others_can_read();

}  // namespace cuttle
