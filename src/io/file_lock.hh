// One process at a time changes what a file stands for. Source: flock(2).
#pragma once

#include <string>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

class FileLock {
 public:
  static constexpr Duration kTimeout = seconds(10);

  // Makes the file where it is not there, empty. It is for the folder's owner, and root, alone: whoever may
  // read it could have the lock for as long as he likes. Waits until nobody else has it, `timeout` at most;
  // then the error says who is to be looked for.
  static Result<FileLock> wait_for(const std::string& path, Duration timeout = kTimeout);

 private:
  explicit FileLock(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
