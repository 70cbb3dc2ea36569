#include "config/file.hh"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace cuttle {

namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

class OpenFile {
 public:
  // O_NONBLOCK: a named pipe must not make us wait.
  explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<struct stat> regular() const {
    struct stat status {};
    if (fd_ < 0 || ::fstat(fd_, &status) != 0) return failure(reason());
    if (!S_ISREG(status.st_mode)) return failure("not a regular file");
    return status;
  }

  // Until `size` bytes or the end of the file.
  Result<size_t> read(void* out, size_t size) const {
    size_t done = 0;
    while (done < size) {
      const ssize_t got = ::read(fd_, static_cast<char*>(out) + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure(reason());
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

 private:
  int fd_;
};

}  // namespace

bool is_trusted_owner(uid_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  return ::geteuid() == 0 && user_number("cuttle") == owner;
}

std::optional<uid_t> user_number(const char* name) {
  const passwd* user = ::getpwnam(name);
  return user == nullptr ? std::nullopt : std::optional(user->pw_uid);
}

Result<TextFile> read_text_file(const std::string& path, size_t max_bytes) {
  const OpenFile file(path);
  const auto status = file.regular();
  if (!status) return tl::unexpected(status.error());
  std::string text(max_bytes + 1, '\0');
  const auto size = file.read(text.data(), text.size());
  if (!size) return tl::unexpected(size.error());
  if (*size > max_bytes) return failure("longer than " + std::to_string(max_bytes) + " bytes");
  text.resize(*size);
  return TextFile{std::move(text), status->st_mode & 07777, status->st_uid};
}

Result<SecretFile> read_secret_file(const std::string& path, MutableBytes out) {
  const OpenFile file(path);
  const auto status = file.regular();
  if (!status) return tl::unexpected(status.error());
  const auto size = file.read(out.data(), out.size());
  if (!size) return tl::unexpected(size.error());
  return SecretFile{*size, status->st_mode & 07777, status->st_uid};
}

}  // namespace cuttle
