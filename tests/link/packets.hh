// Inner packets for tests: their headers tell the truth unless a test makes them lie, and their contents tell
// which packet they are.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hh"
#include "base/random.hh"

namespace cuttle::testing {

using Packet = std::vector<uint8_t>;

inline constexpr size_t kSmallestNumberedPacket = 48;

// An IPv4 or IPv6 packet of `bytes` bytes, at least 20 or 40. From 48 bytes on it carries `number`; what
// follows is a pattern of it, so that no two packets have the same bytes at the same place.
inline Packet make_packet(size_t bytes, uint32_t number, bool is_v6 = false) {
  Packet packet(bytes);
  uint32_t pattern = number * 2654435761u + 12345;
  for (auto& byte : packet) {
    pattern = pattern * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(pattern >> 24);
  }
  if (is_v6) {
    packet[0] = 0x60;
    store_be16(packet.data() + 4, static_cast<uint16_t>(bytes - 40));
  } else {
    packet[0] = 0x45;
    store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
  }
  if (bytes >= kSmallestNumberedPacket) store_be32(packet.data() + 40, number);
  return packet;
}

inline uint32_t number_of(Bytes packet) {
  return packet.size() >= kSmallestNumberedPacket ? load_be32(packet.data() + 40) : UINT32_MAX;
}

// Lengths as real traffic has them: mostly small or one MTU, sometimes the longest there is.
inline size_t draw_length(Random& random, size_t max = 65535) {
  const uint64_t kind = random.below(100);
  const size_t bound = kind < 3 ? max : kind < 40 ? 1500 : kind < 60 ? 9000 : 120;
  return kSmallestNumberedPacket + random.below(std::min(bound, max) - kSmallestNumberedPacket + 1);
}

}  // namespace cuttle::testing
