#include "node/key_log.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "io/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {

Result<std::unique_ptr<KeyLog>> KeyLog::open(const std::string& path) {
  // Nobody else's file, and no link to one: whoever put it there would read all traffic.
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) return os_failure("--debug-keys " + path, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 077) != 0) {
    ::close(fd);
    return failure("--debug-keys " + path +
                   ": something is there that is no file of this user's alone; choose another path");
  }
  std::FILE* file = fdopen(fd, "a");
  if (file == nullptr) return os_failure("--debug-keys " + path, errno);
  return std::unique_ptr<KeyLog>(new KeyLog(file));
}

void KeyLog::add(const IpAddress& source, const IpAddress& destination, Spi spi, const AeadKey& key) {
  std::fprintf(file_.get(), "\"%s\",\"%s\",\"%s\",\"0x%08x\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x",
               source.is_v6 ? "IPv6" : "IPv4", source.text().c_str(), destination.text().c_str(), spi.value);
  for (const uint8_t octet : key.bytes) std::fprintf(file_.get(), "%02x", octet);
  std::fprintf(file_.get(), "\",\"NULL\",\"\"\n");
  std::fflush(file_.get());
}

}  // namespace cuttle
