// The tables of a configuration file, one function each. Internal to src/config.
#pragma once

#include "config/toml_reader.hh"

namespace cuttle {

// [node]
void read_node(TomlReader& reader, const std::string& directory, ParsedConfig& out);
// [runtime]
void read_runtime(TomlReader& reader, ParsedConfig& out);
// [shape] or [peer.shape]: overrides in `shape` what the table gives. False when any of it is wrong.
bool read_shape(TomlReader& reader, Shape& shape, ParsedConfig& out);
// [[shape.calendar]], in place of what `shape` has. False when any of it is wrong.
bool read_calendar(TomlReader& reader, Shape& shape, ParsedConfig& out);
// Notes what rate of the calendar no schedule keeps. `complete`: with a size of cells.
void check_calendar(const Shape& complete, bool is_v6, uint32_t lanes, const std::string& path,
                    const std::string& shown, ParsedConfig& out);
// [shape.ladder], which the whole node has. False when any of it is wrong.
bool read_ladder(TomlReader& reader, Shape& shape, ParsedConfig& out);
// Notes what rate of the ladder no schedule keeps.
void check_ladder(const Shape& complete, bool is_v6, uint32_t lanes, const std::string& path,
                  const std::string& shown, ParsedConfig& out);
// A duration that `joining` may take.
std::optional<Duration> parse_joining_limit(std::string_view text);
inline constexpr std::string_view kJoiningLimitAdvice = "not a duration of 1 s to 30 days; write \"86400 s\"";
inline constexpr size_t kMaxPeers = 1024;  // of one file
// All [[peer]]. `default_shape_good`: whether [shape] was.
void read_peers(const toml::node& list, const std::string& directory, bool default_shape_good,
                ParsedConfig& out);

// [relay]
void read_relay(TomlReader& reader, ParsedConfig& out);
// What a site may be called.
std::optional<std::string> parse_site(std::string_view text);
inline constexpr std::string_view kSiteAdvice = "not a name; use 1 to 32 of A-Z a-z 0-9 - _ .";
// Notes what a node that relays cannot have.
void check_relay(ParsedConfig& out);

// [mesh]
void read_mesh(TomlReader& reader, const std::string& directory, ParsedConfig& out);
// The file that [mesh] names: [[peer]] tables, which come after those of the file itself, and `closed`. Its
// problems name it, and are of line 0. Peers outside mesh.networks are among them.
void read_peers_file(const PeersText& peers, bool default_shape_good, ParsedConfig& out);

// Notes it when `cell_bytes` or the schedule is impossible; the shape is that of the table `path`, shown as
// `shown`. `path` is "shape" or "peer[0].shape".
void check_shape(const Shape& shape, bool is_v6, uint32_t lanes, const std::string& path,
                 const std::string& shown, ParsedConfig& out);

inline constexpr std::string_view kEndpointAdvice =
    "not an address and port; write \"10.77.0.11:4410\" or \"[fd00::11]:4410\"";
inline constexpr std::string_view kFileNameAdvice = "not the name of a file";

// Any text but the empty one.
inline std::optional<std::string> parse_file_name(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}
// `file` as it stands, or below `directory` when it is relative.
std::string resolve_path(const std::string& file, const std::string& directory);

// What only shows between values: overlaps, duplicates, families, ports.
void cross_check(ParsedConfig& out);

// Whether a peers file names all that it did when it was written: TOML, with `closed` and as many [[peer]] as
// `hosts` says. One of a version before that key counts as whole without it.
bool is_whole_peers_file(std::string_view text);
// Where the peers' file cannot be used beside root's: everything that it names goes nowhere, and, where it is
// gone or not whole, all of mesh.networks. `config` is root's alone.
void close_in_place_of_peers(const std::optional<std::string>& text, NodeConfig& config);

}  // namespace cuttle
