#include "io/plain_udp.hh"

#include <sys/socket.h>

#include <cerrno>

#include "io/os_error.hh"
#include "io/socket_address.hh"

namespace cuttle {

Result<PlainUdp> PlainUdp::open(const Endpoint& to) {
  FileDescriptor fd(::socket(to.address.is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = socket_address(to);
  if (!fd || ::connect(fd.get(), address.raw(), address.size) != 0)
    return os_failure("a UDP socket to " + to.to_string(), errno);
  return PlainUdp(std::move(fd));
}

void PlainUdp::send(Bytes datagram) const {
  (void)::send(fd_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace cuttle
