// What goes to somebody else must not have keys in it, wherever they come from: a file, a log, a command
// line.
#pragma once

#include <string>
#include <string_view>

namespace cuttle::doctor {

// The text with everything in it that may be a key replaced by "[key ab12cd34]": 32 bytes in base64 (44
// characters with "=", as `cuttle genkey`, `genpsk` and `wg` write them; or without, or in the alphabet for
// addresses) or in hexadecimal, and shorter ones in base64 that end in "=", as Ceph's. Public keys among
// them, since nothing tells one kind from another; of equal keys the words are equal, so that the two ends of
// a link can still be compared.
std::string without_keys(std::string_view text);

}  // namespace cuttle::doctor
