// The file of a listening Unix socket: which one it is, so that whoever removes it later does not remove its
// successor's.
#pragma once

#include <sys/types.h>

#include <string>

namespace cuttle {

class SocketFile {
 public:
  SocketFile() = default;
  // What is at `path` now; nothing where that is no socket.
  static SocketFile look(const std::string& path);

  // Removes it, if it is still this one.
  void remove() const;

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // 0: none
};

}  // namespace cuttle
