// Names of hosts, as the mesh uses them, and of peers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cuttle {

// RFC 1123, section 2.1, in lower case, and the underscore that some hosts have: labels of at most 63
// characters, 253 in all. It names keys in the monitors' store and files, so nothing else may be in it.
std::optional<std::string> parse_host_name(std::string_view text);

// What a node calls a peer: its interface is ct-NAME, and IFNAMSIZ is 16, with a final zero.
inline constexpr size_t kLongestPeerName = 12;
std::optional<std::string> parse_peer_name(std::string_view text);

// To be repeated to a person: the name, or a remark where it is none, since who sent it chose its bytes.
std::string shown_host(std::string_view text);

// Of ASCII's letters, as Ceph's daemons and machines write their names.
std::string in_lower_case(std::string text);

}  // namespace cuttle
