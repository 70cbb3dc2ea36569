// What an unprivileged user can do to get past a link: as uid 65534, on sockets bound to the network's own
// device, UDP of all sizes (large ones leave as fragments), with and without IP options, and TCP. Says how
// often it was let send.
//   past --interface eth0 --to 10.0.0.2 --to fd00::2 --seconds 3
#include <grp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <vector>

#include "base/file_descriptor.hh"
#include "io/clock.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr uid_t kNobody = 65534;

void become_nobody() {
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    die_of_errno("become nobody");
  }
}

FileDescriptor bound_socket(int family, int kind, const std::string& interface) {
  FileDescriptor fd(socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) die_of_errno("socket");
  if (setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                 static_cast<socklen_t>(interface.size())) != 0) {
    die_of_errno("SO_BINDTODEVICE");
  }
  return fd;
}

// How many sends and connections the kernel took.
uint64_t try_all(const IpAddress& to, const std::string& interface) {
  const int family = to.is_v6 ? AF_INET6 : AF_INET;
  const SocketAddress target = socket_address({to, 7});
  uint64_t taken = 0;
  for (const bool options : {false, true}) {
    const FileDescriptor udp = bound_socket(family, SOCK_DGRAM, interface);
    if (options && to.is_v6)
      continue;  // those that an unprivileged socket may set do not change where it goes
    const uint8_t record_route[] = {7, 7, 4, 0, 0, 0, 0, 0};
    if (options) setsockopt(udp.get(), IPPROTO_IP, IP_OPTIONS, record_route, sizeof record_route);
    if (!to.is_v6) {
      const int cut = IP_PMTUDISC_DONT;
      setsockopt(udp.get(), IPPROTO_IP, IP_MTU_DISCOVER, &cut, sizeof cut);
    }
    for (const size_t bytes : {size_t{10}, size_t{1400}, size_t{4000}}) {
      const std::vector<uint8_t> payload(bytes, 0x5a);
      taken += sendto(udp.get(), payload.data(), bytes, 0, target.raw(), target.size) >= 0 ? 1 : 0;
    }
  }
  const FileDescriptor tcp = bound_socket(family, SOCK_STREAM, interface);
  taken += connect(tcp.get(), target.raw(), target.size) == 0 || errno == EINPROGRESS ? 1 : 0;
  return taken;
}

int run(int argc, char** argv) {
  CLI::App app("What an unprivileged user can do to get past a link", "past");
  std::string interface;
  std::vector<std::string> to;
  int64_t seconds_long = 1;
  app.add_option("--interface", interface)->required();
  app.add_option("--to", to)->required();
  app.add_option("--seconds", seconds_long);
  CLI11_PARSE(app, argc, argv);
  std::vector<IpAddress> addresses;
  for (const std::string& text : to) {
    const auto address = IpAddress::parse(text);
    if (!address) die("not an address: " + text);
    addresses.push_back(*address);
  }
  stop_on_signals();
  become_nobody();
  const MonotonicClock clock;
  const Instant end = clock.now() + seconds(seconds_long);
  uint64_t taken = 0;
  while (stopping == 0 && clock.now() < end) {
    for (const IpAddress& address : addresses) taken += try_all(address, interface);
    clock.sleep_until(clock.now() + milliseconds(20));
  }
  print({{"taken", taken}});
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
