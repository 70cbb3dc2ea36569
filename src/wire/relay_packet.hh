// What nodes of a relayed mesh send each other (docs/wire-format.md, R1 to R10): packets inside the cells,
// like any other, so the wire does not show them. Each is IPv6 with no next header (RFC 8200, section 4.7),
// from and to an address that no host has, so whoever does not know it drops it as a foreign source.
//
//    0  40  IPv6: hop limit 1, both addresses fe80::4375:7474:7265
//   40   1  kind: 1 sealed, 2 report
//
// A sealed packet, which only the two nodes at its ends can read:
//
//   41   1  way: 0 the direct link, else the source's number for that relay
//   42   2  zero
//   44   4  SPI of the session on the direct link, as the destination chose it
//   48   8  number of the source          Bytes 40 to 63 are authenticated
//   56   8  number of the destination
//   64   8  IV, 1 in a session's first, then + 1
//   72      sealed: flow 1, zero 3, place in that flow 4, inner packet; then the ICV, 16
//
// A report, of each node to each of its peers:
//
//   41   1  counts that follow
//   42   1  grants that follow
//   43   5  zero
//   48   8  number of its author
//   56   8  1 in the author's first report on this link, then + 1
//   64      counts: way 1, zero 3, packets that came that way in time 4
//           grants: number of the destination 8, bytes that may be relayed there until the next report 4
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "base/ip.hh"

namespace cuttle::wire {

inline constexpr IpAddress kRelayAddress{
    true, {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x75, 0x74, 0x74, 0x72, 0x65}};
inline constexpr size_t kRelayIpBytes = 40;
inline constexpr size_t kRelayAadOffset = 40;
inline constexpr size_t kRelayAadBytes = 24;
inline constexpr size_t kRelaySealedOffset = 72;
inline constexpr size_t kRelayInnerBytes = 8;  // before the inner packet
inline constexpr size_t kRelayTagBytes = 16;
inline constexpr size_t kRelayOverheadBytes = kRelaySealedOffset + kRelayInnerBytes + kRelayTagBytes;

enum class RelayKind : uint8_t { sealed = 1, report = 2 };

struct RelayHeader {
  uint8_t way = 0;
  uint32_t spi = 0;
  uint64_t source = 0;
  uint64_t destination = 0;
  uint64_t iv = 0;

  bool operator==(const RelayHeader&) const = default;
};

// `first`: the first bytes of a packet. Whether it has that source, whatever else it is.
inline bool claims_relay(Bytes first) {
  return first.size() >= kRelayIpBytes && first[0] >> 4 == 6 &&
         std::equal(kRelayAddress.bytes.begin(), kRelayAddress.bytes.end(), first.begin() + 8);
}

// Of a whole packet with that source.
inline std::optional<RelayKind> relay_kind(Bytes packet) {
  if (packet.size() < kRelaySealedOffset - 8) return std::nullopt;
  const uint8_t kind = packet[kRelayIpBytes];
  if (kind == 1 && packet.size() > kRelayOverheadBytes) return RelayKind::sealed;
  if (kind == 2) return RelayKind::report;
  return std::nullopt;
}

inline void store_relay_ip(MutableBytes packet) {
  constexpr uint8_t kNoNextHeader = 59;
  std::fill_n(packet.begin(), kRelayIpBytes, uint8_t{0});
  packet[0] = 0x60;
  store_be16(packet.data() + 4, static_cast<uint16_t>(packet.size() - kRelayIpBytes));
  packet[6] = kNoNextHeader;
  packet[7] = 1;
  std::ranges::copy(kRelayAddress.bytes, packet.begin() + 8);
  std::ranges::copy(kRelayAddress.bytes, packet.begin() + 24);
}

// `packet`: as long as the whole packet is to be.
inline void store_relay_header(MutableBytes packet, const RelayHeader& header) {
  store_relay_ip(packet);
  uint8_t* at = packet.data() + kRelayIpBytes;
  at[0] = static_cast<uint8_t>(RelayKind::sealed);
  at[1] = header.way;
  store_be16(at + 2, 0);
  store_be32(at + 4, header.spi);
  store_be64(at + 8, header.source);
  store_be64(at + 16, header.destination);
  store_be64(at + 24, header.iv);
}

// Precondition: relay_kind says sealed.
inline RelayHeader load_relay_header(Bytes packet) {
  const uint8_t* at = packet.data() + kRelayIpBytes;
  return {.way = at[1],
          .spi = load_be32(at + 4),
          .source = load_be64(at + 8),
          .destination = load_be64(at + 16),
          .iv = load_be64(at + 24)};
}

// A list of at most so many.
template <typename T, size_t max>
struct ShortList {
  std::array<T, max> items{};
  size_t count = 0;
  void add(const T& item) {
    if (count < max) items[count++] = item;
  }
  const T* begin() const { return items.data(); }
  const T* end() const { return items.data() + count; }
};

struct RelayCount {
  uint8_t way = 0;
  uint32_t packets = 0;
};
struct RelayGrant {
  uint64_t destination = 0;
  uint32_t bytes = 0;
};
struct RelayReport {
  static constexpr size_t kMaxCounts = 32;
  static constexpr size_t kMaxGrants = 64;

  uint64_t author = 0;
  uint64_t number = 0;
  ShortList<RelayCount, kMaxCounts> counts{};
  ShortList<RelayGrant, kMaxGrants> grants{};
};
inline constexpr size_t kRelayReportBytes = 64;
inline constexpr size_t kRelayCountBytes = 8;
inline constexpr size_t kRelayGrantBytes = 12;
inline constexpr size_t kLargestRelayReportBytes = kRelayReportBytes +
                                                   RelayReport::kMaxCounts * kRelayCountBytes +
                                                   RelayReport::kMaxGrants * kRelayGrantBytes;

// Returns how many bytes of `out`, at least kLargestRelayReportBytes, it takes.
size_t store_relay_report(MutableBytes out, const RelayReport& report);
// Nullopt: not whole, or longer than one may be.
std::optional<RelayReport> load_relay_report(Bytes packet);

}  // namespace cuttle::wire
