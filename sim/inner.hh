// The inner packets of simulations: header and contents follow from who sends to whom, by which connection,
// and a number, so that a packet that arrives can be compared byte by byte. They are UDP without a
// checksum, where they are long enough. Every second word of the contents is the mark: where it
// is seen on the wire, something left in the clear.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hh"

namespace cuttle::sim {

struct InnerId {
  uint8_t source;
  uint8_t destination;
  uint32_t number;  // 28 bits
  bool is_v6;
  uint8_t connection = 0;  // in its ports
  bool operator==(const InnerId&) const = default;
};

inline constexpr size_t kSmallestInnerV4 = 20;
inline constexpr size_t kSmallestInnerV6 = 40;

// Packets of different order classes may overtake each other: those of different connections, IP versions,
// and with and without ports.
inline constexpr size_t kConnections = 4;
inline constexpr size_t kOrderClasses = 4 * kConnections;
size_t order_class(const InnerId& id, size_t bytes);
// Which of so many queues the kernel puts it in: the same for all of one order class.
size_t lane_of(Bytes packet, size_t lanes);

// `bytes` is at least the smallest of its version and at most 65,535.
std::vector<uint8_t> make_inner(const InnerId& id, size_t bytes);
std::optional<InnerId> parse_inner(Bytes packet);

// Whether the mark is anywhere in the bytes.
bool shows_plaintext(Bytes bytes);

}  // namespace cuttle::sim
