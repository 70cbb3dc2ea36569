#include "node/static_keys.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <set>

#include "base/file_descriptor.hh"
#include "crypto/secret.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

constexpr size_t kLongestFile = 32768;
constexpr const char* kLine = "PEER AFTER RECEIVE_SPI RECEIVE_KEY SEND_SPI SEND_KEY";
constexpr int64_t kLongestAfter_s = 365 * 86400;

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(kBlanks); at != line.npos;) {
    const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Spi> spi(std::string_view text) {
  const auto value = number<uint32_t>(text);
  if (!value || *value < Spi::kFirstUsable) return std::nullopt;
  return Spi{*value};
}

std::optional<AeadKey> key(std::string_view text) {
  AeadKey key;
  if (text.starts_with("0x")) text.remove_prefix(2);
  if (text.size() != 2 * key.bytes.size()) return std::nullopt;
  for (size_t i = 0; i < key.bytes.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, key.bytes[i], 16);
    if (error != std::errc{} || end != digits + 2) return std::nullopt;
  }
  return key;
}

// What is wrong with it, never what it says.
Result<StaticSession> parse_session(const std::vector<std::string_view>& words) {
  if (words.size() != 6) return failure(fmt::format("{} words; a line is {}", words.size(), kLine));
  const auto after = number<int64_t>(words[1]);
  if (!after || *after < 0 || *after > kLongestAfter_s) {
    return failure(fmt::format("'{}' is no number of seconds", words[1]));
  }
  const auto in = spi(words[2]);
  const auto out = spi(words[4]);
  if (!in || !out) return failure("an SPI is a number from 256 (0x00000100) to 0xffffffff");
  const auto in_key = key(words[3]);
  const auto out_key = key(words[5]);
  if (!in_key || !out_key) return failure("a key is 72 hexadecimal digits: 32 bytes and 4 of salt");
  return StaticSession{seconds(*after), *in, *in_key, *out, *out_key};
}

Result<std::string> read_all(int fd, const std::string& what) {
  std::string text(kLongestFile + 1, '\0');
  size_t have = 0;
  while (have < text.size()) {
    const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
    if (got < 0) return os_failure(what, errno);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  if (have > kLongestFile) return failure(fmt::format("{}: longer than {} bytes", what, kLongestFile));
  text.resize(have);
  return text;
}

}  // namespace

Result<StaticKeys> StaticKeys::parse(std::string_view text, const NodeConfig& config) {
  StaticKeys keys;
  std::set<std::array<uint8_t, kAeadKeySize + kAeadSaltSize>> seen;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto words = words_of(line);
    if (words.empty()) continue;
    const auto wrong = [number](std::string_view why) {
      return failure(fmt::format("line {}: {}", number, why));
    };
    auto session = parse_session(words);
    if (!session) return wrong(session.error().message);
    const std::string peer(words[0]);
    const auto found = std::find_if(config.peers.begin(), config.peers.end(),
                                    [&](const PeerConfig& one) { return one.name == peer; });
    if (found == config.peers.end()) return wrong(fmt::format("the configuration has no peer '{}'", peer));
    if (found->lanes != 1) return wrong(fmt::format("peer '{}' has more than one lane", peer));
    auto& sessions = keys.by_peer_[peer];
    if (sessions.empty() ? session->after.ns != 0 : session->after <= sessions.back().after) {
      return wrong("a peer's first session is used after 0 seconds, and each next one later");
    }
    if (sessions.size() == StaticSessions::kMax) {
      return wrong(fmt::format("more than {} sessions of '{}'", StaticSessions::kMax, peer));
    }
    if (!seen.insert(session->receive_key.bytes).second || !seen.insert(session->send_key.bytes).second) {
      return wrong("a key stands in two places; each is for one direction of one session");
    }
    sessions.push_back(*session);
  }
  if (keys.by_peer_.empty()) {
    return failure("no key in it; a start empties it, because no key may be used by two");
  }
  return keys;
}

Result<StaticKeys> StaticKeys::take(const std::string& path, const NodeConfig& config) {
  const std::string what = fmt::format("--debug-static-keys {}", path);
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return os_failure(what, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 077) != 0) {
    return failure(what + ": not a file of this user's alone; `chmod 600` it");
  }
  auto text = read_all(file.get(), what);
  if (!text) return tl::unexpected(text.error());
  auto keys = parse(*text, config);
  wipe(text->data(), text->size());
  if (!keys) return failure(fmt::format("{}: {}", what, keys.error().message));
  // On the disk, too: a machine that loses its power must not find them again.
  if (::ftruncate(file.get(), 0) != 0 || ::fsync(file.get()) != 0) {
    return os_failure(what + ": cannot be emptied", errno);
  }
  return keys;
}

std::vector<StaticSession> StaticKeys::take_for(const std::string& peer) {
  auto node = by_peer_.extract(peer);
  return node ? std::move(node.mapped()) : std::vector<StaticSession>{};
}

}  // namespace cuttle
