// What an observer learns from one captured packet without any key: when, between whom, how large.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.hh"
#include "base/ip.hh"
#include "base/time.hh"

namespace cuttle::capture {

inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr uint8_t kProtocolIcmpV6 = 58;

// The clear start of a UDP payload read as ESP (RFC 3948, section 2.1; RFC 4303, section 2). It means
// something on a port that carries cells only.
struct EspHeader {
  Spi spi;
  Sequence sequence;
};

struct PacketRecord {
  Instant time;  // since the Unix epoch, as the capture stamped it
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = 0;      // IP protocol number behind any IPv6 extension headers
  bool fragment = false;     // part of a fragmented packet, the first part too
  uint16_t source_port = 0;  // 0 unless TCP or UDP and the ports were captured
  uint16_t destination_port = 0;
  uint32_t ip_bytes = 0;  // the whole IP packet on the wire, however little of it was captured
  uint32_t udp_payload_bytes = 0;
  // By which interface, where the capture tells (Linux cooked v2 by its number, pcapng by a description of
  // it): a number that its source gives a name to. 0: one interface, or not told.
  uint32_t interface = 0;
  std::optional<EspHeader> esp;  // absent for a handshake (RFC 3948's marker, four zero bytes)
};

}  // namespace cuttle::capture
