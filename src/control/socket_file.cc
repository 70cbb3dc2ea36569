#include "control/socket_file.hh"

#include <sys/stat.h>
#include <unistd.h>

namespace cuttle {

SocketFile SocketFile::look(const std::string& path) {
  SocketFile file;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return file;
  file.path_ = path;
  file.device_ = status.st_dev;
  file.inode_ = status.st_ino;
  return file;
}

void SocketFile::remove() const {
  if (inode_ == 0) return;
  const SocketFile now = look(path_);
  if (now.device_ == device_ && now.inode_ == inode_) ::unlink(path_.c_str());
}

}  // namespace cuttle
