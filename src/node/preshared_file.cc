#include "node/preshared_file.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "base/byte_stream.hh"
#include "base/check.hh"
#include "crypto/blake2s.hh"
#include "io/os_error.hh"
#include "io/sync_folder.hh"

namespace cuttle {

namespace {

constexpr std::string_view kMark = "cuttle preshared 1";

Blake2sHash check_of(std::string_view body) {
  return blake2s({Bytes(reinterpret_cast<const uint8_t*>(body.data()), body.size())});
}

void write_key(ByteWriter& out, const std::optional<RenewedKey>& key) {
  const RenewedKey written = key.value_or(RenewedKey{});
  out.number(key ? 1 : 0);
  out.key(written.key.bytes());
  out.number(written.since_ns);
}

std::optional<RenewedKey> read_key(ByteReader& in) {
  const bool is_there = in.number() == 1;
  const auto bytes = in.key<kKeySize>();
  const uint64_t since_ns = in.number();
  if (!is_there) return std::nullopt;
  return RenewedKey{PresharedKey::from_random(bytes), since_ns};
}

void wipe_text(std::string& text) {
  wipe(text.data(), text.size());
}

}  // namespace

std::string preshared_copy(uint64_t number, const KeptPreshared& kept) {
  constexpr size_t kPeerBytes = 8 + 2 * (8 + kKeySize + 8);
  size_t size = 64 + kMark.size();
  for (const auto& [name, keys] : kept) size += kPeerBytes + name.size();
  ByteWriter body;
  body.reserve(size);
  body.string(kMark);
  body.number(number);
  body.number(kept.size());
  for (const auto& [name, keys] : kept) {
    body.string(name);
    write_key(body, keys.proven);
    write_key(body, keys.next);
  }
  std::string text = body.take();
  ByteWriter out;
  out.reserve(size + 8 + kBlake2sSize);
  out.string(text);
  out.key(check_of(text));
  wipe_text(text);
  return out.take();
}

std::optional<PresharedCopy> parse_preshared_copy(std::string_view bytes) {
  ByteReader all(bytes);
  const std::string_view body = all.string();
  const auto check = all.key<kBlake2sSize>();
  if (!all.good() || !std::ranges::equal(check, check_of(body))) return std::nullopt;
  ByteReader in(body);
  if (in.string() != kMark) return std::nullopt;
  PresharedCopy copy{in.number(), {}};
  for (uint64_t count = in.number(); count > 0 && in.good(); --count) {
    std::string name(in.string());
    RenewedKeys& keys = copy.kept[std::move(name)];
    keys.proven = read_key(in);
    keys.next = read_key(in);
  }
  return in.at_end() ? std::optional(std::move(copy)) : std::nullopt;
}

KeptPreshared with_absent(KeptPreshared present, const KeptPreshared& before, uint64_t wall_clock_ns) {
  const auto since = [](const RenewedKeys& keys) {
    return std::max(keys.proven ? keys.proven->since_ns : 0, keys.next ? keys.next->since_ns : 0);
  };
  std::vector<std::pair<uint64_t, std::string>> absent;  // since when, and whose
  for (const auto& [name, keys] : before) {
    if (present.contains(name) || (!keys.proven && !keys.next)) continue;
    const uint64_t at = since(keys);
    // One from the future: the clock was set.
    if (at < wall_clock_ns && wall_clock_ns - at > static_cast<uint64_t>(kAbsentFor.ns)) continue;
    absent.emplace_back(at, name);
  }
  std::ranges::sort(absent, std::greater());
  if (absent.size() > kMaxAbsent) absent.resize(kMaxAbsent);
  for (const auto& [at, name] : absent) present[name] = before.at(name);
  return present;
}

Result<PresharedFile> PresharedFile::open(const std::string& path) {
  // Each write returns only once the disk has it: a confined agent has no other way to ask for that.
  FileDescriptor fd(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_DSYNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!fd) return os_failure(path, errno, "the agent's user must be able to write there");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 077) != 0) {
    return failure(
        path + ": no file of this user's alone; take it away, or give it to the agent's user (chmod 600)");
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return failure(path + ": another process has it; each node needs a file of its own");
  }
  // Room for both copies now: a full disk must not keep a key out later.
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(2 * kCopyBytes)); error != 0) {
    return os_failure(path, error);
  }
  // So that a file that was just made is found again after a power cut, as far as the folder can be told.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  (void)sync_folder(folder.empty() ? "." : folder);
  PresharedFile file(path, std::move(fd));
  if (auto loaded = file.load(); !loaded) return tl::unexpected(loaded.error());
  // The older one may have a key that was given up.
  if (file.copies_differ_) {
    if (auto kept = file.keep(KeptPreshared(file.kept_)); !kept) return tl::unexpected(kept.error());
  }
  return Result<PresharedFile>(std::move(file));
}

Result<void> PresharedFile::load() {
  std::string bytes(2 * kCopyBytes, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got =
        ::pread(fd_.get(), bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
    if (got < 0) return os_failure(path_, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bool is_whole = false;
  copies_differ_ =
      std::string_view(bytes).substr(0, kCopyBytes) != std::string_view(bytes).substr(kCopyBytes);
  for (size_t place = 0; place < 2; ++place) {
    auto copy = parse_preshared_copy(std::string_view(bytes).substr(place * kCopyBytes, kCopyBytes));
    if (!copy || (is_whole && copy->number <= number_)) continue;
    is_whole = true;
    number_ = copy->number;
    kept_ = std::move(copy->kept);
    newest_ = place;
  }
  copies_differ_ = copies_differ_ && is_whole;
  for (size_t place = 0; place < 2; ++place) {
    const auto last = std::string_view(bytes).substr(place * kCopyBytes, kCopyBytes).find_last_not_of('\0');
    if (last != std::string_view::npos) used_ = std::max(used_, last + 1);
  }
  was_damaged_ = !is_whole && std::ranges::any_of(bytes, [](char byte) { return byte != '\0'; });
  wipe_text(bytes);
  return {};
}

RenewedKeys PresharedFile::of(const std::string& peer) const {
  const auto found = kept_.find(peer);
  return found == kept_.end() ? RenewedKeys{} : found->second;
}

Result<void> PresharedFile::keep(KeptPreshared kept) {
  std::string bytes = preshared_copy(number_ + 1, kept);
  CUTTLE_CHECK(bytes.size() <= kCopyBytes, "there is room for all links that a node can have");
  const size_t own_bytes = bytes.size();
  // Over all that a longer one of before left there.
  bytes.resize(std::max(bytes.size(), used_), '\0');
  // First over the older one.
  auto written = write_copy(1 - newest_, bytes);
  if (written) {
    ++number_;
    newest_ = 1 - newest_;
    kept_ = std::move(kept);
    written = write_copy(1 - newest_, bytes);
    used_ = written ? own_bytes : bytes.size();
  } else {
    used_ = bytes.size();
  }
  wipe_text(bytes);
  return written;
}

Result<void> PresharedFile::write_copy(size_t place, std::string_view bytes) {
  if (::lseek(fd_.get(), static_cast<off_t>(place * kCopyBytes), SEEK_SET) < 0)
    return os_failure(path_, errno);
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return os_failure(path_, put < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

}  // namespace cuttle
