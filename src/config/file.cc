#include "config/file.hh"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file_descriptor.hh"
#include "base/os_error.hh"
#include "base/trusted_path.hh"
#include "config/config.hh"

namespace cuttle {

namespace {

// O_NONBLOCK: a named pipe must not make us wait.
FileDescriptor open_to_read(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

// Of a file that open_to_read() opened, or failed to.
Result<struct stat> regular(const FileDescriptor& file) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return failure(os_error_text(errno));
  if (!S_ISREG(status.st_mode)) return failure("not a regular file");
  return status;
}

// Until `size` bytes or the end of the file.
Result<size_t> read(const FileDescriptor& file, void* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.get(), static_cast<char*>(out) + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(os_error_text(errno));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

}  // namespace

bool is_trusted_owner(uid_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  return ::geteuid() == 0 && user_number("cuttle") == owner;
}

bool may_be_agents(const NodeConfig& node, uid_t user) {
  if (is_trusted_owner(user) || user_number("cuttle") == user) return true;
  if (!node.user.empty() && user_number(node.user.c_str()) == user) return true;
  // An agent reads no key of somebody else's but root's.
  struct stat key {};
  return ::stat(node.private_key_file.c_str(), &key) == 0 && key.st_uid == user;
}

std::optional<uid_t> user_number(const char* name) {
  const passwd* user = ::getpwnam(name);
  return user == nullptr ? std::nullopt : std::optional(user->pw_uid);
}

Result<TextFile> read_text_file(const std::string& path, size_t max_bytes, Links links) {
  FileDescriptor file;
  if (links == Links::trusted) {
    auto opened = open_by_trusted_links(path, O_RDONLY | O_NONBLOCK);
    if (!opened) return tl::unexpected(opened.error());
    file = std::move(*opened);
  } else {
    file = open_to_read(path);
  }
  const auto status = regular(file);
  if (!status) return tl::unexpected(status.error());
  std::string text(max_bytes + 1, '\0');
  const auto size = read(file, text.data(), text.size());
  if (!size) return tl::unexpected(size.error());
  if (*size > max_bytes) return failure("longer than " + std::to_string(max_bytes) + " bytes");
  text.resize(*size);
  return TextFile{std::move(text), status->st_mode & 07777, status->st_uid};
}

Result<SecretFile> read_secret_file(const std::string& path, MutableBytes out) {
  const FileDescriptor file = open_to_read(path);
  const auto status = regular(file);
  if (!status) return tl::unexpected(status.error());
  const auto size = read(file, out.data(), out.size());
  if (!size) return tl::unexpected(size.error());
  return SecretFile{*size, status->st_mode & 07777, status->st_uid};
}

}  // namespace cuttle
