// What a lane has to have where a test wants lanes and no network: a queue that nothing comes out of, and a
// socket that is bound to nothing.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.hh"
#include "node/doors.hh"

namespace cuttle {

inline LaneDoor door_to_nowhere() {
  int ends[2];
  CUTTLE_CHECK(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "no pipe");
  ::close(ends[1]);
  auto socket = UdpSocket::adopt(FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
                                 FileDescriptor(), IpAddress());
  CUTTLE_CHECK(socket.has_value(), "no socket");
  return {Tun::adopt(FileDescriptor(ends[0]), "ct-x", {}), std::move(*socket), "", false};
}

inline UnknownSourceSocket source_of_nothing() {
  auto socket = UnknownSourceSocket::adopt(FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
                                           FileDescriptor());
  CUTTLE_CHECK(socket.has_value(), "no socket");
  return std::move(*socket);
}

}  // namespace cuttle
