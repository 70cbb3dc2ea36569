#include "io/file_lock.hh"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

Result<FileLock> FileLock::wait_for(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return os_failure("lock " + path, errno);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return os_failure("lock " + path, errno);
  }
  return FileLock(std::move(fd));
}

}  // namespace cuttle
