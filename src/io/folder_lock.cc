#include "io/folder_lock.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

Result<std::optional<FolderLock>> FolderLock::take(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return os_failure(folder, errno);
  FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return os_failure(folder, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FolderLock(folder, std::move(fd));
  if (errno == EWOULDBLOCK) return std::optional<FolderLock>();
  return os_failure(folder, errno);
}

FolderLock::~FolderLock() {
  if (fd_) ::rmdir(path_.c_str());
}

}  // namespace cuttle
