// Reading small files whole: the only place of src/config that touches the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hh"
#include "base/result.hh"

namespace cuttle {

struct NodeConfig;

// A configuration, or the peers file beside it.
inline constexpr size_t kLongestConfigFile = 1 << 20;

struct TextFile {
  std::string text;
  mode_t mode = 0;  // permission bits
  uid_t owner = 0;
};

// Through which symbolic links a file is reached.
enum class Links : uint8_t {
  all,
  // Of those in folders that nobody but root and whoever runs this may write: for a file in another user's
  // folder, who could have whoever reads it open anything, a device too, and learn of it by the errors.
  trusted
};

// What a regular file holds; at most `max_bytes`. Errors are the reason alone: "No such file or directory".
Result<TextFile> read_text_file(const std::string& path, size_t max_bytes, Links links = Links::all);

// Whose files may say what an agent does, and hold its keys: root, who may do anything anyway; whoever runs
// this; and the user that the agent runs as where a package installed it, so that root can check its
// configuration.
bool is_trusted_owner(uid_t owner);

// Whether a program of that user may be the agent of a node: root's, whoever's runs this, the package's user,
// the configuration's, where it names one, and whose the private key is.
bool may_be_agents(const NodeConfig& node, uid_t user);

// Of the user of that name; none: there is no such user.
std::optional<uid_t> user_number(const char* name);

struct SecretFile {
  size_t bytes = 0;  // what was read; more than fits reads as out.size()
  mode_t mode = 0;   // permission bits
  uid_t owner = 0;
};

// Reads a file that holds a secret into memory of the caller's, who wipes it. No copy stays behind.
Result<SecretFile> read_secret_file(const std::string& path, MutableBytes out);

}  // namespace cuttle
