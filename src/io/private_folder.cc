#include "io/private_folder.hh"

#include <fcntl.h>
#include <sys/sendfile.h>
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

Result<void> copy_to_new_private_file(const std::string& from, const std::string& to) {
  const FileDescriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return os_failure(from, errno);
  const FileDescriptor copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!copy) return os_failure(to, errno, errno == EEXIST ? "it is not overwritten; take another name" : "");
  constexpr size_t kMaxBytes = 1 << 20;  // of one call
  ssize_t copied = 0;
  do {
    copied = ::sendfile(copy.get(), source.get(), nullptr, kMaxBytes);
  } while (copied > 0 || (copied < 0 && errno == EINTR));
  if (copied == 0) return {};
  const int error = errno;
  // By its name it might be another file by now.
  (void)!::ftruncate(copy.get(), 0);
  return os_failure(to, error);
}

}  // namespace cuttle
