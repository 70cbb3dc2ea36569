// A configuration from its file: read, parsed, and its key files read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/key_files.hh"
#include "config/problem.hh"

namespace cuttle {

struct LoadedConfig {
  std::string file;
  std::string text;                       // of the file; empty where it could not be read
  std::optional<std::string> peers_text;  // of the file that [mesh] names; none where it names none
  NodeConfig config;                      // to be used only without errors
  std::optional<NodeKeys> keys;           // there when they were asked for and there are no errors
  SourceMap lines;
  Problems problems;  // of the file itself, its values and its key files

  bool good() const { return !problems.has_errors(); }
  // One line each, ready for a person.
  std::vector<std::string> problem_lines() const;
};

enum class KeyFiles {
  read,
  unneeded,  // what the file says is acted on, so others may not write it either
  ignore     // it is only looked at
};

LoadedConfig load_config(const std::string& file, KeyFiles key_files);

}  // namespace cuttle
