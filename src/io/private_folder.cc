#include "io/private_folder.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {

Result<PrivateFolder> PrivateFolder::make(const std::string& prefix) {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / (prefix + "-XXXXXX")).string();
  if (error || ::mkdtemp(path.data()) == nullptr) return os_failure("a temporary folder " + path, errno);
  return PrivateFolder(path);
}

PrivateFolder::~PrivateFolder() {
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove_all(path_, error);
}

Result<void> make_private_file(const std::string& path) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd) return {};
  return os_failure(path, errno, errno == EEXIST ? "it is not overwritten; take another name" : "");
}

}  // namespace cuttle
