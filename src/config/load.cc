#include "config/load.hh"

#include <fmt/format.h>

#include <filesystem>

#include "config/file.hh"
#include "config/parse.hh"
#include "config/sections.hh"

namespace cuttle {

namespace {

constexpr mode_t kOthersWrite = 022;

// The file says what is redirected and where the cells go: who can change it opens a link.
void check_mode(const TextFile& file, const std::string& shown, Problems& problems) {
  if ((file.mode & kOthersWrite) == 0) return;
  problems.add(0, fmt::format("{}others can write it (mode {:04o}); `chmod go-w` it", shown, file.mode));
}

void check_owner(const TextFile& file, Problems& problems) {
  check_mode(file, "", problems);
  if (!is_trusted_owner(file.owner)) {
    problems.add(0,
                 fmt::format("belongs to user {}, who can write it; `chown` it to root or to the user that "
                             "runs cuttle",
                             file.owner));
  }
}

// The user that cuttle-mesh runs as, whom a package makes. Asked once, at the start: later the process may
// not be able to.
bool is_mesh_owner(uid_t owner) {
  static const std::optional<uid_t> mesh_user = user_number("cuttle-mesh");
  return mesh_user == owner;
}

std::optional<std::string> read_peers(const std::string& path, KeyFiles key_files, Problems& problems) {
  const auto read = read_text_file(path, kLongestConfigFile, Links::trusted);
  if (!read) {
    const std::string message = fmt::format(
        "mesh.peers: {}: {}; `cuttle mesh join` writes it, and without it what is to stay closed is not "
        "known",
        path, read.error().message);
    // Who only looks, or only closes, does what can be done.
    key_files == KeyFiles::read ? problems.add(0, message) : problems.warn(0, message);
    return std::nullopt;
  }
  const bool is_meshs = is_mesh_owner(read->owner);
  if (key_files != KeyFiles::ignore) {
    check_mode(*read, fmt::format("mesh.peers: {}: ", path), problems);
    if (!is_meshs && !is_trusted_owner(read->owner)) {
      problems.add(0, fmt::format("mesh.peers: {}: belongs to user {}, who can write it; `chown` it to "
                                  "cuttle-mesh or root",
                                  path, read->owner));
    }
  }
  return read->text;
}

// Who closes before there is an agent has to close what the peers' file names even where the agent would not
// take that file.
// `alone`: root's file by itself; `parsed`: with the peers' file, where there is one.
void close_what_cannot_be_used(const std::optional<std::string>& peers_text, ParsedConfig alone,
                               ParsedConfig& parsed) {
  const bool has_peers = peers_text && is_whole_peers_file(*peers_text);
  if (has_peers && !parsed.problems.has_errors()) return;
  if (alone.problems.has_errors()) return;  // root's own file is bad
  alone.problems.warn(
      0, "mesh.peers: cannot be used beside this file, so that what it names has no link and goes nowhere" +
             std::string(has_peers ? "" : "; not all of that is known, so all of mesh.networks does"));
  for (const Problem& problem : parsed.problems.list()) alone.problems.warn(0, problem.message);
  close_in_place_of_peers(peers_text, alone.config);
  parsed = std::move(alone);
}

}  // namespace

std::vector<std::string> LoadedConfig::problem_lines() const {
  std::vector<std::string> result;
  for (const Problem& problem : problems.list()) result.push_back(to_string(problem, file));
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
  const std::string directory = std::filesystem::path(file).parent_path().string();
  ParsedConfig parsed = parse_config(loaded.text, directory);
  if (parsed.config.mesh && !parsed.config.mesh->peers_file.empty()) {
    Problems of_file;
    loaded.peers_text = read_peers(parsed.config.mesh->peers_file, key_files, of_file);
    ParsedConfig alone = parsed;
    if (loaded.peers_text) {
      parsed =
          parse_config(loaded.text, directory, PeersText{*loaded.peers_text, key_files != KeyFiles::read});
    }
    if (key_files != KeyFiles::read) close_what_cannot_be_used(loaded.peers_text, std::move(alone), parsed);
    for (const Problem& problem : of_file.list()) {
      problem.severity == Severity::error ? parsed.problems.add(0, problem.message)
                                          : parsed.problems.warn(0, problem.message);
    }
  }
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
