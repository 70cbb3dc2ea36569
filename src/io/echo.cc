#include "io/echo.hh"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/bytes.hh"
#include "base/check.hh"
#include "io/clock.hh"
#include "io/file_descriptor.hh"
#include "io/os_error.hh"
#include "io/socket_address.hh"

namespace cuttle {

namespace {

constexpr size_t kIpHeader = 20;
constexpr size_t kIcmpHeader = 8;

// RFC 1071.
uint16_t checksum(Bytes message) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < message.size(); i += 2) sum += load_be16(message.data() + i);
  if (message.size() % 2 == 1) sum += static_cast<uint32_t>(message.back() << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

std::vector<uint8_t> request(size_t ip_bytes, uint16_t identity) {
  std::vector<uint8_t> message(ip_bytes - kIpHeader);
  message[0] = ICMP_ECHO;
  store_be16(message.data() + 4, identity);
  store_be16(message.data() + 6, static_cast<uint16_t>(ip_bytes));
  store_be16(message.data() + 2, checksum(message));
  return message;
}

// An echo reply with our identity and sequence; raw sockets hand over the IP header, too.
bool is_reply(Bytes packet, uint16_t identity, size_t ip_bytes) {
  if (packet.size() < kIpHeader + kIcmpHeader) return false;
  const size_t header = static_cast<size_t>(packet[0] & 0xf) * 4;
  if (packet.size() < header + kIcmpHeader) return false;
  const uint8_t* message = packet.data() + header;
  return message[0] == ICMP_ECHOREPLY && load_be16(message + 4) == identity &&
         load_be16(message + 6) == static_cast<uint16_t>(ip_bytes);
}

}  // namespace

Result<bool> echo_is_answered(const IpAddress& to, size_t ip_bytes, uint32_t firewall_mark,
                              Duration patience) {
  CUTTLE_CHECK(!to.is_v6 && ip_bytes >= kIpHeader + kIcmpHeader && ip_bytes <= 65535, "an IPv4 echo");
  const FileDescriptor socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP));
  if (!socket) return os_failure("an echo cannot be sent", errno);
  const int probe = IP_PMTUDISC_PROBE;  // do not cut it, and ask the path, not the kernel's memory of it
  ::setsockopt(socket.get(), IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
  if (firewall_mark != 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &firewall_mark, sizeof firewall_mark);
  }
  const auto identity = static_cast<uint16_t>(::getpid());
  const std::vector<uint8_t> message = request(ip_bytes, identity);
  const SocketAddress address = socket_address({to, 0});
  if (::sendto(socket.get(), message.data(), message.size(), 0, address.raw(), address.size) < 0) {
    if (errno == EMSGSIZE) return false;
    return os_failure("an echo cannot be sent", errno);
  }
  const MonotonicClock clock;
  const Instant until = clock.now() + patience;
  std::vector<uint8_t> packet(65536);
  while (clock.now() < until) {
    pollfd one{socket.get(), POLLIN, 0};
    ::poll(&one, 1, static_cast<int>((until - clock.now()).ns / 1'000'000) + 1);
    const ssize_t got = ::recv(socket.get(), packet.data(), packet.size(), 0);
    if (got > 0 && is_reply({packet.data(), static_cast<size_t>(got)}, identity, ip_bytes)) return true;
  }
  return false;
}

}  // namespace cuttle
