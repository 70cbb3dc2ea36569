// Another user of the machine, without a capability, who wants what is the agent's: to attach to a link's
// interface, or to bind a lane's port and connect to its peer. Tries again and again; exit status 0 when he
// got it, 1 when he was refused until the time was over.
//   neighbour --interface ct-b --for-ms 500
//   neighbour --local 10.0.0.1:4410 --remote 10.0.0.2:4410
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>

#include "base/file_descriptor.hh"
#include "io/clock.hh"
#include "io/socket_address.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr uid_t kNobody = 65534;

bool attaches(const FileDescriptor& device, const std::string& interface, bool several_queues) {
  ifreq request{};
  std::memcpy(request.ifr_name, interface.data(), std::min(interface.size(), sizeof request.ifr_name - 1));
  request.ifr_flags =
      static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (several_queues ? IFF_MULTI_QUEUE : 0));
  return ioctl(device.get(), TUNSETIFF, &request) == 0;
}

bool binds(const Endpoint& local, const Endpoint& remote, int share) {
  const SocketAddress from = socket_address(local);
  const SocketAddress to = socket_address(remote);
  const FileDescriptor fd(socket(from.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, share, &yes, sizeof yes);
  return bind(fd.get(), from.raw(), from.size) == 0 && connect(fd.get(), to.raw(), to.size) == 0;
}

int run(int argc, char** argv) {
  CLI::App app("Another user of the machine", "neighbour");
  std::string interface;
  std::string local;
  std::string remote;
  int for_ms = 0;
  app.add_option("--interface", interface);
  app.add_option("--local", local);
  app.add_option("--remote", remote);
  app.add_option("--for-ms", for_ms);
  CLI11_PARSE(app, argc, argv);
  // Opened before the rights go: where /dev/net/tun is everybody's, he opens it himself.
  const FileDescriptor one(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  const FileDescriptor several(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!one || !several) die_of_errno("/dev/net/tun");
  if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) {
    die_of_errno("cannot become nobody");
  }
  const MonotonicClock clock;
  const Instant until = clock.now() + milliseconds(for_ms);
  do {
    if (!interface.empty() && (attaches(one, interface, false) || attaches(several, interface, true)))
      return 0;
    if (!local.empty()) {
      const auto from = Endpoint::parse(local);
      const auto to = Endpoint::parse(remote);
      if (!from || !to) die("not an endpoint: " + local + " or " + remote);
      if (binds(*from, *to, SO_REUSEADDR) || binds(*from, *to, SO_REUSEPORT)) return 0;
    }
    clock.sleep_until(clock.now() + microseconds(100));
  } while (clock.now() < until);
  return 1;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
