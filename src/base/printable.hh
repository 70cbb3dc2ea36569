// Text of somebody else's, for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace cuttle {

// What moves a cursor, begins an escape sequence or changes the direction of writing becomes '?': control
// characters of ASCII (but for line feeds where `lines`) and of Latin-1 as UTF-8 has them, and Unicode's
// marks, embeddings, overrides and isolates of direction.
std::string printable(std::string_view text, bool lines = false);

}  // namespace cuttle
