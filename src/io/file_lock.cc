#include "io/file_lock.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "io/child_process.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

constexpr auto kPause = std::chrono::milliseconds(20);

// For its owner alone. Not blocking: a pipe of that name would keep us for ever.
FileDescriptor open_or_make(const std::string& path, const struct stat& folder) {
  constexpr int kHow = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  FileDescriptor fd(::open(path.c_str(), kHow));
  if (fd || errno != ENOENT) return fd;
  fd = FileDescriptor(::open(path.c_str(), kHow | O_CREAT | O_EXCL, 0600));
  // One that we made, so that it is no name for another's file.
  if (fd && ::geteuid() == 0 && ::fchown(fd.get(), folder.st_uid, folder.st_gid) != 0) return {};
  return fd;
}

bool is_named(const std::string& path, const struct stat& opened) {
  struct stat named {};
  return ::lstat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Another try is due: somebody else has it, or root is just making it. Anything else is an error.
bool is_busy(int error, const struct stat& folder) {
  if (error == EACCES) return ::geteuid() == folder.st_uid;
  return error == EWOULDBLOCK || error == EINTR || error == EEXIST;
}

// The lock, or none: another try is due.
Result<std::optional<FileDescriptor>> try_once(const std::string& path, int& error) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  struct stat folder {};
  if (::stat(parent.empty() ? "." : parent.c_str(), &folder) != 0) return os_failure("lock " + path, errno);
  FileDescriptor fd = open_or_make(path, folder);
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    error = errno;
    if (is_busy(error, folder)) return std::nullopt;
    return os_failure("lock " + path, error);
  }
  error = EWOULDBLOCK;
  struct stat opened {};
  if (::fstat(fd.get(), &opened) != 0) return os_failure("lock " + path, errno);
  if (!S_ISREG(opened.st_mode)) return failure("lock " + path + ": is no file");
  // Whoever had it put another in its place.
  if (!is_named(path, opened)) return std::nullopt;
  const bool may_be_replaced = ::geteuid() == 0 || ::geteuid() == folder.st_uid;
  if (opened.st_uid != folder.st_uid && may_be_replaced) {
    // The folder's owner could not open it; and it may be a second name of a file that is none of his.
    if (::unlink(path.c_str()) != 0) return os_failure("lock " + path, errno);
    return std::nullopt;
  }
  if ((opened.st_mode & 07777) != 0600 && ::fchmod(fd.get(), 0600) != 0)
    return os_failure("lock " + path, errno);
  return fd;
}

}  // namespace

Result<FileLock> FileLock::wait_for(const std::string& path, Duration timeout) {
  const Instant deadline = steady_now() + timeout;
  for (;;) {
    int error = 0;
    auto fd = try_once(path, error);
    if (!fd) return tl::unexpected(fd.error());
    if (*fd) return FileLock(std::move(**fd));
    if (steady_now() >= deadline) {
      if (error == EACCES)
        return os_failure("lock " + path, error, "it is not its folder's owner's; as root: rm it");
      return failure(
          fmt::format("lock {0}: another process has had it for {1} s; `fuser -v {0}` says which: end that "
                      "one if it is none "
                      "of cuttle's, else try again in a minute",
                      path, timeout.ns / seconds(1).ns));
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace cuttle
