#include "enroll/files.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"
#include "io/sync_folder.hh"

namespace cuttle::enroll {

namespace {

std::string part_of(const std::string& path) {
  return path + ".part";
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return os_failure(path, errno);
    text.remove_prefix(static_cast<size_t>(put));
  }
  if (::fsync(fd) != 0) return os_failure(path, errno);
  return {};
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// By its descriptor: in that user's folder, a path may lead elsewhere by now.
Result<void> give_to_owner_of_folder(int fd, const std::string& path) {
  struct stat folder {};
  if (::geteuid() != 0) return {};
  if (::stat(folder_of(path).c_str(), &folder) != 0) return os_failure(folder_of(path), errno);
  if (::fchown(fd, folder.st_uid, folder.st_gid) != 0) return os_failure(path, errno);
  return {};
}

}  // namespace

FileBatch::~FileBatch() {
  for (const std::string& path : paths_) ::unlink(part_of(path).c_str());
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) ::rmdir(folder->c_str());
}

Result<void> FileBatch::add(const std::string& path, std::string_view text, bool secret, Owner owner) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::string missing;
  for (const auto& piece : folder) {
    missing = missing.empty() ? piece.string() : (std::filesystem::path(missing) / piece).string();
    if (::mkdir(missing.c_str(), 0700) == 0) folders_.push_back(missing);
  }
  const std::string part = part_of(path);
  // Made anew, and by us: somebody who may write in the folder could have put a file of his own there, which
  // he would go on reading, or a link to one of ours. What an interrupted run left goes first.
  ::unlink(part.c_str());
  const FileDescriptor file(
      ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644));
  if (!file) return os_failure(path, errno);
  paths_.push_back(path);
  if (secret && ::fchmod(file.get(), 0600) != 0) return os_failure(path, errno);
  if (owner == Owner::folder) {
    if (auto given = give_to_owner_of_folder(file.get(), path); !given) return given;
  }
  return write_all(file.get(), text, path);
}

Result<void> FileBatch::commit() {
  std::set<std::string> changed;
  for (const std::string& path : paths_) changed.insert(folder_of(path));
  for (const std::string& folder : folders_) changed.insert(folder_of(folder));
  while (!paths_.empty()) {
    const std::string& path = paths_.back();
    if (::rename(part_of(path).c_str(), path.c_str()) != 0) return os_failure(path, errno);
    folders_.clear();  // they hold something now
    paths_.pop_back();
  }
  for (const std::string& folder : changed) {
    if (auto kept = sync_folder(folder); !kept) return kept;
  }
  return {};
}

}  // namespace cuttle::enroll
