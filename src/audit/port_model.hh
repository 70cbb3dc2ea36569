// What an observer behind a port of a given line rate sees. A packet leaves no earlier than the one before it
// plus that one's own serialisation time, so a faster sender's irregular spacing inside a train is levelled
// out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hh"
#include "base/time.hh"
#include "capture/packet_source.hh"

namespace cuttle::audit {

// Each node has a port of its own; 0 means no port: the capture's stamps as they are.
struct LineRate {
  uint64_t bits_per_second = 0;

  bool is_raw() const { return bits_per_second == 0; }
  // "raw", "10G", "2.5G", "100M".
  static Result<LineRate> parse(std::string_view text);
  std::string to_string() const;
};

// Bytes of a frame beyond its IP packet while it occupies the line: Ethernet header (14), and check sequence
// (4), preamble (8) and the gap between frames (12), IEEE 802.3.
inline constexpr uint32_t kEthernetHeaderBytes = 14;
inline constexpr uint32_t kEthernetLineBytes = 24;

// A packet that would wait longer is an error: the port carries less than the node sends, and what would be
// attacked is a queue that grows without end.
inline constexpr Duration kMaxWaitForPort = milliseconds(100);

// Wraps `inner` and moves its stamps; with a raw rate `inner` is returned as it is.
std::unique_ptr<capture::PacketSource> behind_port(std::unique_ptr<capture::PacketSource> inner,
                                                   LineRate rate);

}  // namespace cuttle::audit
