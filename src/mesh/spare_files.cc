#include "mesh/spare_files.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"
#include "io/sync_folder.hh"

namespace cuttle::mesh {

namespace {

std::string spare_file(const std::string& beginning, int number) {
  return fmt::format("{}{}", beginning, number);
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

bool is_own_folder(const std::string& folder) {
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

bool is_whole(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_size == static_cast<off_t>(kSpareBytes);
}

Result<void> make(const std::string& path) {
  ::unlink(path.c_str());  // what an interrupted run left
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return os_failure(path, errno);
  const int error = ::posix_fallocate(file.get(), 0, kSpareBytes);
  if (error == 0) return {};
  ::unlink(path.c_str());
  return os_failure(path, error);
}

bool write_over(int fd, std::string_view text) {
  const auto size = static_cast<off_t>(text.size());
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<size_t>(put));
  }
  return ::ftruncate(fd, size) == 0 && ::fchmod(fd, 0644) == 0 && ::fsync(fd) == 0;
}

}  // namespace

Result<void> keep_spare_files(const std::string& beginning) {
  if (!is_own_folder(folder_of(beginning))) return {};
  for (int i = 0; i < kSpareFiles; ++i) {
    const std::string path = spare_file(beginning, i);
    if (is_whole(path)) continue;
    if (auto made = make(path); !made) return made;
  }
  return {};
}

Result<void> write_into_spare_file(const std::string& beginning, const std::string& path,
                                   std::string_view text) {
  const std::string folder = folder_of(path);
  for (int i = 0; is_own_folder(folder) && i < kSpareFiles; ++i) {
    const std::string spare = spare_file(beginning, i);
    if (!is_whole(spare)) continue;
    const FileDescriptor file(::open(spare.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file || !write_over(file.get(), text)) continue;
    if (::rename(spare.c_str(), path.c_str()) != 0) return os_failure(path, errno);
    return sync_folder(folder);
  }
  return failure(path + ": no spare file is left");
}

}  // namespace cuttle::mesh
