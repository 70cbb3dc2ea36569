#include "try/cable.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/network_namespace.hh"

namespace cuttle::trial {

namespace {

constexpr size_t kEthernetHeader = 14;
constexpr size_t kIpv4Header = 20;
constexpr size_t kUdpHeader = 8;
constexpr uint16_t kIpv4 = 0x0800;
constexpr uint16_t kArp = 0x0806;
constexpr uint8_t kUdp = 17;
constexpr Duration kLookAgain = milliseconds(50);

IpAddress address_at(const uint8_t* bytes) {
  IpAddress address;
  std::copy(bytes, bytes + address.size(), address.bytes.begin());
  return address;
}

// Whether an IPv4 packet looks like a cell, from and to a lane's port.
bool is_cell(Bytes packet) {
  const uint8_t* udp = packet.data() + kIpv4Header;
  return packet[0] == 0x45 && packet[9] == kUdp &&
         load_be16(packet.data() + 2) == kIpv4Header + kUdpHeader + kCellBytes && load_be16(udp) == kPort &&
         load_be16(udp + 2) == kPort && load_be16(udp + 4) == kUdpHeader + kCellBytes;
}

}  // namespace

void count_frame(const Place& place, Bytes frame, CableCounts& counts) {
  const uint16_t kind = frame.size() >= kEthernetHeader ? load_be16(frame.data() + 12) : uint16_t{0};
  const Bytes packet = frame.subspan(std::min(frame.size(), kEthernetHeader));
  if (kind == kArp) {
    ++counts.address_resolution;
    return;
  }
  if (kind == kIpv4 && packet.size() >= kIpv4Header + kUdpHeader && is_cell(packet)) {
    const IpAddress from = address_at(packet.data() + 12);
    const IpAddress to = address_at(packet.data() + 16);
    const auto& [a, b] = place.nodes;
    if (from == a.address && to == b.address) return void(++counts.cells_from_a);
    if (from == b.address && to == a.address) return void(++counts.cells_from_b);
  }
  if (counts.others++ > 0) return;
  counts.first_other = kind == kIpv4 && packet.size() >= kIpv4Header
                           ? fmt::format("IP protocol {}, {} bytes", packet[9], load_be16(packet.data() + 2))
                           : fmt::format("Ethernet type {:#06x}", kind);
}

Result<std::unique_ptr<Cable>> Cable::watch(const Place& place) {
  const auto visit = NamespaceVisit::enter(place.nodes[1].name_space);
  if (!visit) return tl::unexpected(visit.error());
  auto tap = FrameTap::open(kCable);
  if (!tap) return tl::unexpected(tap.error());
  return std::make_unique<Cable>(place, std::move(*tap));
}

Cable::Cable(const Place& place, FrameTap tap)
    : place_(place), tap_(std::move(tap)), thread_([this] { look(); }) {}

Cable::~Cable() {
  over_ = true;
  thread_.join();
}

CableCounts Cable::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Cable::look() {
  std::array<uint8_t, 256> buffer;
  while (!over_) {
    tap_.wait(kLookAgain);
    const std::lock_guard lock(mutex_);
    while (const auto frame = tap_.take(buffer)) count_frame(place_, *frame, counts_);
    counts_.missed += tap_.take_lost();
  }
}

}  // namespace cuttle::trial
