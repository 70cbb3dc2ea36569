// The inner packets of simulations: header and contents follow from who sends to whom, by which connection,
// and a number, so that a packet that arrives can be compared byte by byte. They are UDP, where they are long
// enough, or TCP; as the host sees them, with their checksums made. Every second word of the contents is the
// mark: where it is seen on the wire, something left in the clear.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hh"

namespace cuttle::sim {

enum class InnerKind : uint8_t {
  bare,    // UDP without a checksum
  summed,  // UDP with one
  tcp,     // number in the acknowledgement, place in the packet that was sent in the sequence number
};

struct InnerId {
  uint8_t source;
  uint8_t destination;
  uint32_t number;  // 28 bits
  bool is_v6;
  uint8_t connection = 0;  // in its ports
  InnerKind kind = InnerKind::bare;
  bool operator==(const InnerId&) const = default;
};

inline constexpr size_t kSmallestInnerV4 = 20;
inline constexpr size_t kSmallestInnerV6 = 40;
inline constexpr size_t kTcpHeaderBytes = 20;

// Packets of different order classes may overtake each other: those of different connections, IP versions,
// protocols, and with and without ports.
inline constexpr size_t kConnections = 4;
inline constexpr size_t kOrderClasses = 8 * kConnections;
size_t order_class(const InnerId& id, size_t bytes);
// Which of so many queues the kernel puts it in: the same for all of one order class.
size_t lane_of(Bytes packet, size_t lanes);

// `bytes` is at least the smallest of its version, TCP's header more for TCP, and at most 65,535.
std::vector<uint8_t> make_inner(const InnerId& id, size_t bytes);
// One of the segments of such a packet: so much of its payload, from there on.
std::vector<uint8_t> make_tcp_segment(const InnerId& id, size_t bytes, size_t from, size_t payload);
// TCP, or UDP of either kind, which is then said to be bare.
std::optional<InnerId> parse_inner(Bytes packet);
// Where in the payload of what was sent this begins: TCP's sequence number, otherwise 0.
size_t place_of(const InnerId& id, Bytes packet);
// Of a TCP packet of that length.
size_t payload_of(const InnerId& id, size_t bytes);

// Whether the mark is anywhere in the bytes.
bool shows_plaintext(Bytes bytes);

}  // namespace cuttle::sim
