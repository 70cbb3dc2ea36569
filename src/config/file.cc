#include "config/file.hh"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <utility>

#include "base/file_descriptor.hh"
#include "base/os_error.hh"

namespace cuttle {

namespace {

// O_NONBLOCK: a named pipe must not make us wait.
FileDescriptor open_to_read(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

// Whether nobody else can put a link there.
bool is_in_good_hands(const FileDescriptor& folder) {
  struct stat status {};
  if (::fstat(folder.get(), &status) != 0) return false;
  return (status.st_uid == 0 || status.st_uid == ::geteuid()) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool is_link(const FileDescriptor& folder, const char* name) {
  struct stat status {};
  return ::fstatat(folder.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

// Folder by folder, so that what was looked at is what is opened.
Result<FileDescriptor> open_by_trusted_links(const std::string& path) {
  const std::filesystem::path whole(path);
  FileDescriptor at(::open(whole.is_absolute() ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::filesystem::path way = whole.relative_path();
  for (auto piece = way.begin(); at && piece != way.end(); ++piece) {
    const bool is_last = std::next(piece) == way.end();
    int how = O_CLOEXEC | (is_last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY);
    const bool is_good = is_in_good_hands(at);
    if (!is_good) how |= O_NOFOLLOW;
    FileDescriptor next(::openat(at.get(), piece->c_str(), how));
    const int error = errno;
    if (!next && !is_good && is_link(at, piece->c_str()))
      return failure("there is a symbolic link in another user's folder, which is not followed");
    at = std::move(next);
    errno = error;
  }
  if (!at) return failure(os_error_text(errno));
  return at;
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

std::optional<uid_t> user_number(const char* name) {
  const passwd* user = ::getpwnam(name);
  return user == nullptr ? std::nullopt : std::optional(user->pw_uid);
}

Result<TextFile> read_text_file(const std::string& path, size_t max_bytes, Links links) {
  FileDescriptor file;
  if (links == Links::trusted) {
    auto opened = open_by_trusted_links(path);
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
