// A Unix socket's address and connecting to it. Internal to src/control.
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "control/protocol.hh"
#include "io/os_error.hh"

namespace cuttle {

inline Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  static_assert(sizeof address.sun_path == kLongestSocketPathBytes + 1);
  if (path.empty() || path.size() > kLongestSocketPathBytes || path.find('\0') != std::string::npos) {
    return failure("control socket " + path + ": a path for a socket has 1 to " +
                   std::to_string(kLongestSocketPathBytes) + " characters");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// A connection that does not block; the error is an errno.
inline tl::expected<FileDescriptor, int> connect_once(const sockaddr_un& address) {
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return tl::unexpected<int>(errno);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd.get(), generic, sizeof address) != 0) return tl::unexpected<int>(errno);
  return fd;
}

// The process that called listen(), as it was then (unix(7), SO_PEERCRED).
inline std::optional<ucred> listener_of(const FileDescriptor& connection) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who;
}

// Whose program listens there. Where its queue is full, and there is no connection: whose the socket file is.
inline std::optional<uid_t> user_of_listener(const std::string& path,
                                             const tl::expected<FileDescriptor, int>& connection) {
  if (connection) {
    const auto who = listener_of(*connection);
    return who ? std::optional(who->uid) : std::nullopt;
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_uid;
}

}  // namespace cuttle
