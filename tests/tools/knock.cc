// Whether anything comes back from a TCP port: a connection or a refusal. Exit status 1 when nothing does.
//   knock --to 10.0.0.2 --port 6789 --from-port 6800 --wait-ms 700
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>

#include "base/file_descriptor.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

int run(int argc, char** argv) {
  CLI::App app("Whether anything comes back from a TCP port", "knock");
  std::string to;
  Endpoint endpoint;
  uint16_t from_port = 0;
  int wait_ms = 1000;
  app.add_option("--to", to)->required();
  app.add_option("--port", endpoint.port)->required();
  app.add_option("--from-port", from_port, "0: any");
  app.add_option("--wait-ms", wait_ms);
  CLI11_PARSE(app, argc, argv);
  const auto address = IpAddress::parse(to);
  if (!address) die("not an address: " + to);
  endpoint.address = *address;
  const SocketAddress target = socket_address(endpoint);
  const SocketAddress own = socket_address({IpAddress{address->is_v6, {}}, from_port});

  FileDescriptor fd(socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(fd.get(), own.raw(), own.size) != 0) {
    die_of_errno("knock");
  }
  if (connect(fd.get(), target.raw(), target.size) == 0 || errno == ECONNREFUSED) return 0;
  if (errno != EINPROGRESS) return 1;  // no way there
  pollfd waiting{fd.get(), POLLOUT, 0};
  if (poll(&waiting, 1, wait_ms) <= 0) return 1;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 || error == ECONNREFUSED ? 0 : 1;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
