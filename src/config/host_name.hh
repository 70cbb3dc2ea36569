// Names of hosts, as the mesh uses them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cuttle {

// RFC 1123, section 2.1, in lower case, and the underscore that some hosts have: labels of at most 63
// characters, 253 in all. It names keys in the monitors' store and files, so nothing else may be in it.
std::optional<std::string> parse_host_name(std::string_view text);

// Of ASCII's letters, as Ceph's daemons and machines write their names.
std::string in_lower_case(std::string text);

}  // namespace cuttle
