#include "config/load.hh"

#include <fmt/format.h>

#include <filesystem>

#include "config/file.hh"
#include "config/parse.hh"

namespace cuttle {

namespace {

constexpr size_t kLongestConfigFile = 1 << 20;
constexpr mode_t kOthersWrite = 022;

// The file says what is redirected and where the cells go: who can change it opens a link.
void check_owner(const TextFile& file, Problems& problems) {
  if ((file.mode & kOthersWrite) != 0) {
    problems.add(0, fmt::format("others can write it (mode {:04o}); `chmod go-w` it", file.mode));
  }
  if (!is_trusted_owner(file.owner)) {
    problems.add(0,
                 fmt::format("belongs to user {}, who can write it; `chown` it to root or to the user that "
                             "runs cuttle",
                             file.owner));
  }
}

}  // namespace

std::vector<std::string> LoadedConfig::problem_lines() const {
  std::vector<std::string> result;
  for (const Problem& problem : problems.list()) result.push_back(to_text(problem, file));
  return result;
}

LoadedConfig load_config(const std::string& file, KeyFiles key_files) {
  LoadedConfig loaded;
  loaded.file = file;
  const auto read = read_text_file(file, kLongestConfigFile);
  if (!read) {
    loaded.problems.add(0, "cannot be read: " + read.error().message);
    return loaded;
  }
  loaded.text = read->text;
  ParsedConfig parsed = parse_config(loaded.text, std::filesystem::path(file).parent_path().string());
  loaded.config = std::move(parsed.config);
  loaded.lines = std::move(parsed.lines);
  loaded.problems = std::move(parsed.problems);
  if (key_files != KeyFiles::ignore) check_owner(*read, loaded.problems);
  if (key_files == KeyFiles::read) {
    loaded.keys = load_key_files(loaded.config, loaded.lines, loaded.problems);
    if (!loaded.good()) loaded.keys.reset();
  }
  return loaded;
}

}  // namespace cuttle
