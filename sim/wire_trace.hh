// What an observer of the whole network sees: of every datagram the time, the size, who sends it to whom, by
// which lane (its ports), and the bytes that are not encrypted. Two runs that differ in payload alone must
// give equal traces.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hh"
#include "base/time.hh"

namespace cuttle::sim {

// Nodes are numbered from 0.
using NodeNumber = uint8_t;

struct WireEvent {
  Instant at;
  uint32_t bytes;
  NodeNumber source;
  NodeNumber destination;
  uint8_t lane;
  std::array<uint8_t, 16> clear;  // SPI, sequence number and IV, or a handshake's beginning

  bool operator==(const WireEvent&) const = default;
};

class WireTrace {
 public:
  void add(Instant at, NodeNumber source, NodeNumber destination, uint8_t lane, Bytes datagram);

  const std::vector<WireEvent>& events() const { return events_; }
  // Of all events: for a line in a log.
  uint64_t digest() const;

 private:
  std::vector<WireEvent> events_;
};

// Where two traces differ first, for a person; empty when they are equal.
std::string first_difference(const WireTrace& a, const WireTrace& b);

}  // namespace cuttle::sim
