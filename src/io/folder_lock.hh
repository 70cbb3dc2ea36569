// A folder that one process at a time may use, for as long as it lives. Source: flock(2).
#pragma once

#include <optional>
#include <string>

#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle {

class FolderLock {
 public:
  // Makes the folder, for its owner alone, where it is not there. An empty optional: somebody else has it.
  static Result<std::optional<FolderLock>> take(const std::string& folder);
  FolderLock(FolderLock&&) = default;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();  // takes the folder away where nothing is left in it

 private:
  FolderLock(std::string path, FileDescriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  FileDescriptor fd_;
};

}  // namespace cuttle
