// A packet between a simulated host's kernel and its TUN interface: as a kernel with offloads leaves it
// there, and what it makes of what is written there. Of TCP's IPv4 header, neither identification nor
// checksum is looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hh"
#include "engine/virtio_header.hh"

namespace cuttle::sim {

struct HostPacket {
  std::vector<uint8_t> bytes;
  VirtioHeader header{};
};

// Makes the checksum of a whole TCP or UDP packet.
void make_checksum(MutableBytes packet);

// Such a packet, its checksum left to be made; TCP with a longer payload is to be cut into segments of so
// much each.
HostPacket leave_to_card(std::vector<uint8_t> packet, size_t segment_bytes);

// What the host's sockets see of it: checksums made, TCP cut. What is described wrongly stays as it is.
std::vector<std::vector<uint8_t>> received_by_host(HostPacket packet);

}  // namespace cuttle::sim
