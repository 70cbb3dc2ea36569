#include "io/sync_folder.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {

Result<void> sync_folder(const std::string& folder) {
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || (::fsync(file.get()) != 0 && errno != EINVAL)) return os_failure(folder, errno);
  return {};
}

}  // namespace cuttle
