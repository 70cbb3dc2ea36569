#include "config/load.hh"

#include <filesystem>

#include "config/file.hh"
#include "config/parse.hh"

namespace cuttle {

namespace {

constexpr size_t kLongestConfigFile = 1 << 20;

}  // namespace

std::vector<std::string> LoadedConfig::problem_lines() const {
  std::vector<std::string> result;
  for (const Problem& problem : problems.list()) result.push_back(to_text(problem, file));
  return result;
}

LoadedConfig load_config(const std::string& file, KeyFiles key_files) {
  LoadedConfig loaded;
  loaded.file = file;
  const auto text = read_text_file(file, kLongestConfigFile);
  if (!text) {
    loaded.problems.add(0, "cannot be read: " + text.error().message);
    return loaded;
  }
  loaded.text = *text;
  ParsedConfig parsed = parse_config(*text, std::filesystem::path(file).parent_path().string());
  loaded.config = std::move(parsed.config);
  loaded.lines = std::move(parsed.lines);
  loaded.problems = std::move(parsed.problems);
  if (key_files == KeyFiles::read) {
    loaded.keys = load_key_files(loaded.config, loaded.lines, loaded.problems);
    if (!loaded.good()) loaded.keys.reset();
  }
  return loaded;
}

}  // namespace cuttle
