#include "io/echo.hh"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/bytes.hh"
#include "base/check.hh"
#include "base/file_descriptor.hh"
#include "io/clock.hh"
#include "io/os_error.hh"
#include "io/socket_address.hh"

namespace cuttle {

namespace {

constexpr size_t kIcmpHeader = 8;
constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;

static_assert(min_echo_bytes(false) == kIpv4Header + kIcmpHeader);
static_assert(min_echo_bytes(true) == kIpv6Header + kIcmpHeader);

// RFC 1071.
uint16_t checksum(Bytes message) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < message.size(); i += 2) sum += load_be16(message.data() + i);
  if (message.size() % 2 == 1) sum += static_cast<uint32_t>(message.back() << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// Sequence number and size are one. ICMPv6's checksum covers addresses, too: the kernel makes it.
std::vector<uint8_t> request(const Echo& echo, uint16_t identity) {
  std::vector<uint8_t> message(echo.ip_bytes - (echo.to.is_v6 ? kIpv6Header : kIpv4Header));
  message[0] = echo.to.is_v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  store_be16(message.data() + 4, identity);
  store_be16(message.data() + 6, static_cast<uint16_t>(echo.ip_bytes));
  if (!echo.to.is_v6) store_be16(message.data() + 2, checksum(message));
  return message;
}

// An echo reply with our identity and sequence; IPv4's raw sockets hand over the IP header, too.
bool is_reply(const Echo& echo, Bytes packet, uint16_t identity) {
  if (!echo.to.is_v6) {
    if (packet.size() < kIpv4Header) return false;
    packet = packet.subspan(std::min(packet.size(), static_cast<size_t>(packet[0] & 0xf) * 4));
  }
  return packet.size() >= kIcmpHeader && packet[0] == (echo.to.is_v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
         load_be16(packet.data() + 4) == identity &&
         load_be16(packet.data() + 6) == static_cast<uint16_t>(echo.ip_bytes);
}

Result<FileDescriptor> open_socket(const Echo& echo) {
  FileDescriptor socket(::socket(echo.to.is_v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                 echo.to.is_v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP}));
  if (!socket) return os_failure("an echo cannot be sent", errno);
  if (echo.to.is_v6) {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER,
               echo.may_be_cut ? IPV6_PMTUDISC_WANT : IPV6_PMTUDISC_PROBE);
    set_option(socket.get(), IPPROTO_IPV6, IPV6_DONTFRAG, echo.may_be_cut ? 0 : 1);
  } else {
    set_option(socket.get(), IPPROTO_IP, IP_MTU_DISCOVER,
               echo.may_be_cut ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE);
  }
  if (echo.firewall_mark != 0)
    set_option(socket.get(), SOL_SOCKET, SO_MARK, static_cast<int>(echo.firewall_mark));
  if (!echo.interface.empty() &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, echo.interface.c_str(),
                   static_cast<socklen_t>(echo.interface.size())) != 0)
    return os_failure("an echo cannot be sent by " + echo.interface, errno);
  if (echo.from) {
    const SocketAddress own = socket_address({*echo.from, 0});
    if (::bind(socket.get(), own.raw(), own.size) != 0)
      return os_failure("an echo cannot be sent from " + echo.from->to_string(), errno);
  }
  return socket;
}

}  // namespace

Result<EchoOutcome> send_echo(const Echo& echo) {
  CUTTLE_CHECK(echo.ip_bytes >= min_echo_bytes(echo.to.is_v6) && echo.ip_bytes <= 65535,
               "an echo of a size that is");
  const auto socket = open_socket(echo);
  if (!socket) return tl::unexpected(socket.error());
  const auto identity = static_cast<uint16_t>(::getpid());
  const std::vector<uint8_t> message = request(echo, identity);
  const SocketAddress address = socket_address({echo.to, 0});
  const MonotonicClock clock;
  const Instant sent = clock.now();
  if (::sendto(socket->get(), message.data(), message.size(), 0, address.raw(), address.size) < 0)
    return EchoOutcome{.send_error = errno};
  const Instant until = sent + echo.timeout;
  std::vector<uint8_t> packet(65536);
  while (clock.now() < until) {
    pollfd one{socket->get(), POLLIN, 0};
    ::poll(&one, 1, static_cast<int>((until - clock.now()).ns / 1'000'000) + 1);
    const ssize_t got = ::recv(socket->get(), packet.data(), packet.size(), 0);
    if (got > 0 && is_reply(echo, {packet.data(), static_cast<size_t>(got)}, identity))
      return EchoOutcome{.answered = true, .round_trip = clock.now() - sent};
  }
  return EchoOutcome{};
}

}  // namespace cuttle
