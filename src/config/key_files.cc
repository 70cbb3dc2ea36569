#include "config/key_files.hh"

#include <fmt/format.h>

#include "config/file.hh"
#include "config/wording.hh"
#include "crypto/secret.hh"

namespace cuttle {

namespace {

constexpr size_t kLongestKeyFile = 128;  // 44 characters, and some blank space after them
constexpr mode_t kOthers = 077;

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

// Reads the key file `path`, given in the file as `shown`, with Key::parse. None when it is no key; a key
// that others can read is noted and still read, so that all its problems show at once.
template <typename Key>
std::optional<Key> load_key(const std::string& path, const std::string& shown, uint32_t line,
                            Problems& problems) {
  const auto note = [&](const std::string& message) {
    problems.add(line, fmt::format("{}: {}: {}", shown, quoted(path), message));
  };
  Secret<kLongestKeyFile> memory;
  const auto file = read_secret_file(path, memory.bytes());
  if (!file) {
    note("cannot be read: " + file.error().message);
    return std::nullopt;
  }
  if ((file->mode & kOthers) != 0) {
    note(fmt::format("others can read it or write it (mode {:04o}); `chmod 600` it", file->mode));
  }
  if (!is_trusted_owner(file->owner)) {
    note(fmt::format("belongs to user {}, who can read it; `chown` it to the user that runs cuttle",
                     file->owner));
  }
  const std::string_view text(reinterpret_cast<const char*>(memory.data()), file->bytes);
  auto key = Key::parse(without_blanks(text));
  if (key) return *key;
  note(key.error().message);
  return std::nullopt;
}

}  // namespace

std::optional<NodeKeys> load_key_files(const NodeConfig& config, const SourceMap& lines, Problems& problems) {
  std::vector<PresharedKey> preshared;
  for (size_t i = 0; i < config.peers.size(); ++i) {
    const PeerConfig& peer = config.peers[i];
    std::optional<PresharedKey> key;
    if (!peer.preshared_key_file.empty()) {
      key = load_key<PresharedKey>(peer.preshared_key_file,
                                   fmt::format("peer.{}.preshared_key_file", peer.name),
                                   lines.line(fmt::format("peer[{}].preshared_key_file", i)), problems);
    }
    preshared.push_back(key.value_or(PresharedKey()));
  }
  if (config.private_key_file.empty()) return std::nullopt;  // noted by the parser
  const auto private_key = load_key<PrivateKey>(config.private_key_file, "node.private_key_file",
                                                lines.line("node.private_key_file"), problems);
  if (!private_key) return std::nullopt;
  const PublicKey own = private_key->public_key();
  for (size_t i = 0; i < config.peers.size(); ++i) {
    const PeerConfig& peer = config.peers[i];
    const auto check = [&](std::string_view name, const PublicKey& key) {
      if (key.number() != own.number()) return;
      problems.add(lines.line(fmt::format("peer[{}].{}", i, name)),
                   fmt::format("peer.{}.{}: {}this node's own key; give the peer's", peer.name, name,
                               key == own ? "" : "begins like "));
    };
    check("public_key", peer.public_key);
    if (peer.next_public_key) check("next_public_key", *peer.next_public_key);
  }
  return NodeKeys{*private_key, std::move(preshared)};
}

}  // namespace cuttle
