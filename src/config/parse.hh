// The text of a configuration file to a NodeConfig. Pure: reads no file and asks the machine nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.hh"
#include "config/problem.hh"

namespace cuttle {

struct ParsedConfig {
  NodeConfig config;  // to be used only when problems.has_errors() is false
  SourceMap lines;
  Problems problems;  // all there are, in the order of the lines
};

// Paths in the text are taken relative to `directory` (the file's own); empty: as they are.
// `peers`: what the file that [mesh] names holds; none: as if that had no peers.
struct PeersText {
  std::string_view text;
  bool lenient = false;  // what is wrong with it is a warning, and what is right is taken
};
ParsedConfig parse_config(std::string_view text, const std::string& directory,
                          const std::optional<PeersText>& peers = std::nullopt);

}  // namespace cuttle
