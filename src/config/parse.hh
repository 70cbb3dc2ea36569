// The text of a configuration file to a NodeConfig. Pure: reads no file and asks the machine nothing.
#pragma once

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
ParsedConfig parse_config(std::string_view text, const std::string& directory);

}  // namespace cuttle
