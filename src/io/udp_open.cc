// Opening the sockets of udp.hh: every option that keeps the load inside from showing on the outside.
#include <fmt/format.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "io/borrowed_route.hh"
#include "io/os_error.hh"
#include "io/socket_address.hh"
#include "io/udp.hh"

namespace cuttle {
namespace {

constexpr int kHopLimit = 64;
constexpr int kIpv6AutoFlowLabel = 70;  // IPV6_AUTOFLOWLABEL, absent from the C library's header

struct Option {
  int level;
  int option;
  int value;
  const char* name;
};

// PROBE sets DF and ignores the path MTU that ICMP claims: else a forged "fragmentation needed" would stop
// the cells. A cell that does not fit the interface is refused with EMSGSIZE.
constexpr Option kOptionsV4[] = {
    {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, "IP_MTU_DISCOVER"},
    {IPPROTO_IP, IP_TOS, 0, "IP_TOS"},
    {IPPROTO_IP, IP_TTL, kHopLimit, "IP_TTL"},
};
constexpr Option kOptionsV6[] = {
    {IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, "IPV6_MTU_DISCOVER"},
    {IPPROTO_IPV6, IPV6_DONTFRAG, 1, "IPV6_DONTFRAG"},
    {IPPROTO_IPV6, IPV6_TCLASS, 0, "IPV6_TCLASS"},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, kHopLimit, "IPV6_UNICAST_HOPS"},
    {IPPROTO_IPV6, kIpv6AutoFlowLabel, 0, "IPV6_AUTOFLOWLABEL"},
};

Result<void> set_options(int fd, std::span<const Option> options, const Endpoint& local) {
  for (const Option& option : options) {
    if (!set_option(fd, option.level, option.option, option.value)) {
      return os_failure(fmt::format("UDP socket on {}: cannot set {}", local.to_string(), option.name),
                        errno);
    }
  }
  return {};
}

Result<FileDescriptor> create_socket(const Endpoint& local, std::optional<uint32_t> owner_user) {
  const int family = local.address.is_v6 ? AF_INET6 : AF_INET;
  FileDescriptor fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd) return os_failure("cannot create a UDP socket", errno);
  // Each peer's lane has a connected socket of its own on the same port, and a reload opens more. The kernel
  // lets sockets of one user share a port so, and nobody else's; with SO_REUSEADDR anybody on this machine
  // could bind the port, connect to a peer and get its cells. The user that counts is the socket file's
  // owner.
  if (owner_user && *owner_user != ::geteuid() &&
      fchown(fd.get(), *owner_user, static_cast<gid_t>(-1)) != 0) {
    return os_failure(
        fmt::format("UDP socket on {}: cannot give it to user {}", local.to_string(), *owner_user), errno);
  }
  if (!set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) {
    return os_failure(fmt::format("UDP socket on {}: cannot share the port", local.to_string()), errno);
  }
  auto done = local.address.is_v6 ? set_options(fd.get(), kOptionsV6, local)
                                  : set_options(fd.get(), kOptionsV4, local);
  if (!done) return tl::unexpected(done.error());
  return fd;
}

Result<void> bind_to(int fd, const Endpoint& local) {
  const SocketAddress address = socket_address(local);
  if (bind(fd, address.raw(), address.size) == 0) return {};
  const std::string what = fmt::format("cannot listen on UDP {}", local.to_string());
  if (errno == EADDRNOTAVAIL) return os_failure(what, errno, "no interface of this machine has that address");
  if (errno == EADDRINUSE) return os_failure(what, errno, "another program uses that port");
  if (errno == EACCES) return os_failure(what, errno, "a port below 1024 needs CAP_NET_BIND_SERVICE");
  return os_failure(what, errno);
}

void set_buffer(int fd, int forced_option, int option, size_t bytes) {
  const int value = static_cast<int>(bytes);
  // Without CAP_NET_ADMIN the system's limits (net.core.rmem_max, wmem_max) hold.
  if (!set_option(fd, SOL_SOCKET, forced_option, value)) set_option(fd, SOL_SOCKET, option, value);
}

Result<void> connect_to(int fd, const UdpOptions& options) {
  const SocketAddress address = socket_address(options.remote);
  if (connect(fd, address.raw(), address.size) != 0) {
    // Whatever keeps a route away now, or forbids it: it is there again some day, and the cells find it.
    const int error = errno;
    if (!options.may_wait_for_route) {
      return os_failure(
          fmt::format("cannot reach {} from {}", options.remote.to_string(), options.local.to_string()),
          error, error == ENETUNREACH ? "the machine has no route to that address" : "");
    }
    auto connected = connect_without_route(fd, options.local.address, options.remote, options.firewall_mark);
    if (!connected) return connected;
  }
  // Between bind and connect anyone's datagrams could come in.
  uint8_t byte = 0;
  for (int i = 0; i < 100'000 && recv(fd, &byte, 1, 0) >= 0; ++i) {
  }
  return {};
}

// etf drops what comes late, and then says so.
bool set_instants(int fd, SocketInstants instants) {
  const bool by_tai = instants == SocketInstants::tai;
  const sock_txtime txtime{.clockid = by_tai ? CLOCK_TAI : CLOCK_MONOTONIC,
                           .flags = by_tai ? uint32_t{SOF_TXTIME_REPORT_ERRORS} : 0};
  return setsockopt(fd, SOL_SOCKET, SO_TXTIME, &txtime, sizeof(txtime)) == 0;
}

SocketInstants instants_of(int fd) {
  sock_txtime txtime{};
  socklen_t size = sizeof(txtime);
  if (getsockopt(fd, SOL_SOCKET, SO_TXTIME, &txtime, &size) != 0) return SocketInstants::none;
  if (txtime.clockid == CLOCK_TAI) return SocketInstants::tai;
  return txtime.clockid == CLOCK_MONOTONIC ? SocketInstants::monotonic : SocketInstants::none;
}

}  // namespace

UdpSocket::UdpSocket(FileDescriptor fd, SizeFilter filter, const UdpOptions& options)
    : fd_(std::move(fd)),
      filter_(std::move(filter)),
      shared_(std::make_unique<Shared>()),
      own_(options.local.address) {
  shared_->segmentation = options.segmentation;
  instants_ = instants_of(fd_.get());
  if (instants_ == SocketInstants::tai) dropped_ = std::make_unique<uint8_t[]>(kDroppedBytes);
}

Result<UdpSocket> UdpSocket::open(const UdpOptions& options) {
  if (options.local.address.is_v6 != options.remote.address.is_v6) {
    return failure(fmt::format("{} and {} are of different IP versions", options.local.to_string(),
                               options.remote.to_string()));
  }
  auto fd = create_socket(options.local, options.owner_user);
  if (!fd) return tl::unexpected(fd.error());
  const int raw = fd->get();
  if (options.firewall_mark != 0 &&
      setsockopt(raw, SOL_SOCKET, SO_MARK, &options.firewall_mark, sizeof(options.firewall_mark)) != 0) {
    return os_failure(
        fmt::format("UDP socket on {}: cannot set the firewall mark", options.local.to_string()), errno);
  }
  set_buffer(raw, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer_bytes);
  set_buffer(raw, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer_bytes);
  if (options.busy_poll.ns > 0) {  // an optimisation: going without is no error
    set_option(raw, SOL_SOCKET, SO_BUSY_POLL, static_cast<int>(options.busy_poll.ns / 1000));
  }
  set_option(raw, IPPROTO_UDP, UDP_GRO, 1);        // likewise
  set_option(raw, SOL_SOCKET, SO_TIMESTAMPNS, 1);  // without, arrivals count from when they are read
  set_option(raw, SOL_SOCKET, SO_RXQ_OVFL, 1);     // without, nothing was dropped before any of them
  if (options.instants != SocketInstants::none && !set_instants(raw, options.instants)) {
    return os_failure(fmt::format("UDP socket on {}: no instants (SO_TXTIME)", options.local.to_string()),
                      errno);
  }
  auto filter = SizeFilter::pass_only(raw, options.cell_bytes);
  if (!filter) return tl::unexpected(filter.error());
  if (auto done = bind_to(raw, options.local); !done) return tl::unexpected(done.error());
  if (auto done = connect_to(raw, options); !done) return tl::unexpected(done.error());
  return UdpSocket(std::move(*fd), std::move(*filter), options);
}

Result<UdpSocket> UdpSocket::adopt(FileDescriptor fd, FileDescriptor counter, const IpAddress& own,
                                   bool segmentation) {
  auto filter = SizeFilter::adopt(std::move(counter));
  if (!filter) return tl::unexpected(filter.error());
  UdpOptions options;
  options.local.address = own;
  options.segmentation = segmentation;
  return UdpSocket(std::move(fd), std::move(*filter), options);
}

void UdpSocket::accept_any_size() {
  set_option(fd_.get(), SOL_SOCKET, SO_DETACH_FILTER, 0);
}

uint64_t UdpSocket::receive_buffer_dropped() const {
  uint32_t memory[SK_MEMINFO_VARS] = {};
  socklen_t size = sizeof(memory);
  const uint64_t filtered = filter_.packets_dropped();  // first, so that the difference is never negative
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, memory, &size) != 0) return 0;
  // The kernel's count of drops is 32 bits wide and holds the filter's, too.
  return static_cast<uint32_t>(memory[SK_MEMINFO_DROPS] - static_cast<uint32_t>(filtered));
}

std::optional<uint32_t> UdpSocket::arrival_cpu() const {
  int cpu = -1;
  socklen_t size = sizeof(cpu);
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_INCOMING_CPU, &cpu, &size) != 0 || cpu < 0) return std::nullopt;
  return static_cast<uint32_t>(cpu);
}

Result<UnknownSourceSocket> UnknownSourceSocket::open(const Endpoint& local,
                                                      std::optional<uint32_t> owner_user) {
  auto fd = create_socket(local, owner_user);
  if (!fd) return tl::unexpected(fd.error());
  auto filter = SizeFilter::pass_nothing(fd->get());
  if (!filter) return tl::unexpected(filter.error());
  if (auto done = bind_to(fd->get(), local); !done) return tl::unexpected(done.error());
  return UnknownSourceSocket(std::move(*fd), std::move(*filter));
}

Result<UnknownSourceSocket> UnknownSourceSocket::adopt(FileDescriptor fd, FileDescriptor counter) {
  auto filter = SizeFilter::adopt(std::move(counter));
  if (!filter) return tl::unexpected(filter.error());
  return UnknownSourceSocket(std::move(fd), std::move(*filter));
}

}  // namespace cuttle
