// The header that Linux puts before each packet of a TUN interface opened with IFF_VNET_HDR: what the kernel
// left to the reader (a checksum to complete, a packet of many segments' length to cut), and the same in the
// other direction. Source: virtio specification 1.1, section 5.1.6, struct virtio_net_hdr without the
// merge field. Declared here because linux/virtio_net.h does not compile as C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cuttle {

// Native byte order, as the kernel uses it unless told otherwise.
struct VirtioHeader {
  // Flags.
  static constexpr uint8_t kNeedsChecksum = 1;  // the checksum field holds the pseudo-header's sum only
  static constexpr uint8_t kDataValid = 2;      // the checksum was verified
  // Segmentation types.
  static constexpr uint8_t kGsoNone = 0;
  static constexpr uint8_t kGsoTcpV4 = 1;
  static constexpr uint8_t kGsoUdp = 3;
  static constexpr uint8_t kGsoTcpV6 = 4;
  static constexpr uint8_t kGsoUdpL4 = 5;
  static constexpr uint8_t kGsoEcn = 0x80;  // or-ed: TCP with CWR set

  uint8_t flags = 0;
  uint8_t gso_type = kGsoNone;
  uint16_t header_bytes = 0;     // of all headers up to the TCP payload
  uint16_t gso_bytes = 0;        // TCP payload of each segment
  uint16_t checksum_start = 0;   // the checksum covers the packet from here
  uint16_t checksum_offset = 0;  // and stands here, counted from checksum_start
};
inline constexpr size_t kVirtioHeaderBytes = 10;
static_assert(sizeof(VirtioHeader) == kVirtioHeaderBytes && alignof(VirtioHeader) == 2);
static_assert(offsetof(VirtioHeader, checksum_offset) == 8);
static_assert(std::is_trivially_copyable_v<VirtioHeader>);

// A packet as read from TUN needs this much room: headers and payload of 64 KiB (IPv4 total length is 16
// bits, IPv6 adds its own 40 bytes).
inline constexpr size_t kLargestTunPacketBytes = 40 + 65535;

}  // namespace cuttle
