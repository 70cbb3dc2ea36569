// The words of a configuration's problems.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cuttle {

// `text` with its control characters written out, so that it stays on one line.
std::string one_line(std::string_view text);

// The same in double quotes, and cut where it is long.
std::string quoted(std::string_view text);

// The one of `names` that was most likely meant: at most a third of its letters differ. Empty when none is
// near.
std::string_view nearest(std::string_view text, std::span<const std::string_view> names);

// "a", "a and b", "a, b and c".
std::string listed(std::span<const std::string_view> names);

}  // namespace cuttle
