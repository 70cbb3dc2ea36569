#include "io/overhear.hh"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "io/clock.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

constexpr size_t kMaxSources = 16;
constexpr int kRound_ms = 50;
constexpr uint8_t kUdp = 17;

struct Heard {
  Endpoint from;
  uint16_t to_port;
};

std::optional<Heard> parse(Bytes packet) {
  if (packet.size() < 20) return std::nullopt;
  const bool v6 = packet[0] >> 4 == 6;
  const size_t header = v6 ? 40 : static_cast<size_t>(packet[0] & 0xf) * 4;
  if (packet.size() < header + 8 || packet[v6 ? 6 : 9] != kUdp) return std::nullopt;
  Heard heard{};
  heard.from.address.is_v6 = v6;
  std::copy_n(packet.data() + (v6 ? 8 : 12), heard.from.address.size(), heard.from.address.bytes.begin());
  heard.from.port = load_be16(packet.data() + header);
  heard.to_port = load_be16(packet.data() + header + 2);
  return heard;
}

}  // namespace

Result<std::vector<Endpoint>> overhear_udp(uint16_t first, uint32_t count, Duration how_long) {
  const FileDescriptor socket(
      ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
  if (!socket) return os_failure("cannot listen to what arrives", errno);
  std::vector<Endpoint> sources;
  const MonotonicClock clock;
  const Instant until = clock.now() + how_long;
  while (clock.now() < until && sources.size() < kMaxSources) {
    pollfd one{socket.get(), POLLIN, 0};
    ::poll(&one, 1, kRound_ms);
    std::array<uint8_t, 128> room;
    sockaddr_ll where{};
    socklen_t size = sizeof where;
    const ssize_t got =
        ::recvfrom(socket.get(), room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&where), &size);
    if (got <= 0 || where.sll_pkttype != PACKET_HOST) continue;
    const auto heard = parse({room.data(), static_cast<size_t>(got)});
    if (!heard || heard->to_port < first || heard->to_port - first >= static_cast<int64_t>(count)) continue;
    if (std::find(sources.begin(), sources.end(), heard->from) == sources.end())
      sources.push_back(heard->from);
  }
  return sources;
}

}  // namespace cuttle
