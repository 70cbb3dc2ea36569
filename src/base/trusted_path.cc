#include "base/trusted_path.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <iterator>

#include "base/os_error.hh"

namespace cuttle {

namespace {

// Whether nobody else can put a link there.
bool is_in_good_hands(const FileDescriptor& folder) {
  struct stat status {};
  if (::fstat(folder.get(), &status) != 0) return false;
  return (status.st_uid == 0 || status.st_uid == ::geteuid()) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool is_link(const FileDescriptor& folder, const char* name) {
  struct stat status {};
  return ::fstatat(folder.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

}  // namespace

// Folder by folder, so that what was looked at is what is opened.
Result<FileDescriptor> open_by_trusted_links(const std::string& path, int how) {
  const std::filesystem::path whole(path);
  FileDescriptor at(::open(whole.is_absolute() ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::filesystem::path way = whole.relative_path();
  for (auto piece = way.begin(); at && piece != way.end(); ++piece) {
    const bool is_last = std::next(piece) == way.end();
    int flags = O_CLOEXEC | (is_last ? how : O_PATH | O_DIRECTORY);
    const bool is_good = is_in_good_hands(at);
    if (!is_good) flags |= O_NOFOLLOW;
    FileDescriptor next(::openat(at.get(), piece->c_str(), flags));
    const int error = errno;
    if (!next && !is_good && is_link(at, piece->c_str()))
      return failure("there is a symbolic link in another user's folder, which is not followed");
    at = std::move(next);
    errno = error;
  }
  if (!at) return failure(os_error_text(errno));
  return at;
}

}  // namespace cuttle
