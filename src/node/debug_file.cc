#include "node/debug_file.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "io/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {

Result<DebugFile> open_debug_file(std::string_view option, const std::string& path) {
  const std::string what = fmt::format("{} {}", option, path);
  // Nobody else's file, and no link to one: whoever put it there would read all that is written.
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) return os_failure(what, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 077) != 0) {
    ::close(fd);
    return failure(what + ": something is there that is no file of this user's alone; choose another path");
  }
  std::FILE* file = fdopen(fd, "a");
  if (file == nullptr) return os_failure(what, errno);
  return DebugFile(file);
}

}  // namespace cuttle
