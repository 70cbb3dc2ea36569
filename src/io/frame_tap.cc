#include "io/frame_tap.hh"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "io/interface_index.hh"
#include "io/os_error.hh"
#include "io/socket_address.hh"

namespace cuttle {

namespace {

constexpr int kBufferBytes = 32 << 20;

}  // namespace

Result<FrameTap> FrameTap::open(const std::string& interface) {
  const std::string what = "the frames of " + interface + " cannot be looked at";
  // Protocol 0: nothing comes before it is bound to the interface.
  FileDescriptor fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return os_failure(what, errno);
  set_option(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(interface_index(interface));
  if (address.sll_ifindex == 0) return failure(what + ": there is no such interface");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return os_failure(what, errno);
  return FrameTap(std::move(fd));
}

void FrameTap::wait(Duration time) const {
  pollfd one{fd_.get(), POLLIN, 0};
  ::poll(&one, 1, static_cast<int>(time.ns / 1'000'000));
}

std::optional<Bytes> FrameTap::take(std::span<uint8_t> buffer) {
  const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return std::nullopt;
  return Bytes{buffer.data(), static_cast<size_t>(got)};
}

uint32_t FrameTap::take_lost() {
  tpacket_stats stats{};
  socklen_t size = sizeof stats;
  if (::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) != 0) return 0;
  return stats.tp_drops;
}

}  // namespace cuttle
