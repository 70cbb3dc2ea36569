#include "io/folder_lock.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

namespace {

// Whoever had it may have taken the folder away since it was opened: then a lock on it keeps nobody out.
bool is_there(const std::string& folder, int fd) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::lstat(folder.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

}  // namespace

Result<std::optional<FolderLock>> FolderLock::take(const std::string& folder) {
  constexpr int kAttempts = 16;
  for (int i = 0; i < kAttempts; ++i) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return os_failure(folder, errno);
    FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return os_failure(folder, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::optional<FolderLock>();
      return os_failure(folder, errno);
    }
    if (is_there(folder, fd.get())) return FolderLock(folder, std::move(fd));
  }
  return failure(folder + ": comes and goes");
}

FolderLock::~FolderLock() {
  if (fd_) ::rmdir(path_.c_str());
}

}  // namespace cuttle
