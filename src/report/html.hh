// Text made safe inside HTML and SVG, as content and as an attribute in double quotes.
#pragma once

#include <string>
#include <string_view>

namespace cuttle::report {

// Escapes & < > " ' and replaces control characters, which no HTML parser accepts, by U+FFFD.
std::string escape(std::string_view text);

}  // namespace cuttle::report
