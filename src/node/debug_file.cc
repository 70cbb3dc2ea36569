#include "node/debug_file.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {

Result<DebugFile> open_debug_file(std::string_view option, const std::string& path) {
  const std::string what = fmt::format("{} {}", option, path);
  // Nobody else's file, and no link to one: whoever put it there would read all that is written.
  FileDescriptor opened(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!opened) return os_failure(what, errno);
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 077) != 0) {
    return failure(what + ": something is there that is no file of this user's alone; choose another path");
  }
  DebugFile file(::fdopen(opened.get(), "a"));
  if (!file) return os_failure(what, errno);
  (void)opened.release();
  return Result<DebugFile>(std::move(file));
}

}  // namespace cuttle
