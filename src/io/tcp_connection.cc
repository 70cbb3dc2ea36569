#include "io/tcp_connection.hh"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"
#include "io/socket_address.hh"

namespace cuttle {

Result<TcpOutcome> try_tcp(const TcpAttempt& attempt) {
  const FileDescriptor socket(
      ::socket(attempt.to.address.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return os_failure("a TCP connection cannot be tried", errno);
  if (attempt.from) {
    const SocketAddress own = socket_address({*attempt.from, 0});
    if (::bind(socket.get(), own.raw(), own.size) != 0)
      return os_failure("a TCP connection cannot be tried from " + attempt.from->to_string(), errno);
  }
  const linger reset{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const SocketAddress to = socket_address(attempt.to);
  int error = ::connect(socket.get(), to.raw(), to.size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd one{socket.get(), POLLOUT, 0};
    if (::poll(&one, 1, static_cast<int>(attempt.timeout.ns / 1'000'000)) <= 0) return TcpOutcome{};
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return TcpOutcome{TcpAnswer::accepted, 0};
  if (error == ECONNREFUSED) return TcpOutcome{TcpAnswer::refused, 0};
  return TcpOutcome{TcpAnswer::none, error};
}

}  // namespace cuttle
