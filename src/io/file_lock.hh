// One process at a time changes what a file stands for. Source: flock(2).
#pragma once

#include <string>

#include "base/result.hh"
#include "io/file_descriptor.hh"

namespace cuttle {

class FileLock {
 public:
  // Makes the file where it is not there, empty and for all to lock; waits until nobody else has it.
  static Result<FileLock> wait_for(const std::string& path);

 private:
  explicit FileLock(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
