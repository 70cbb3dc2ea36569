// A link's own cells, met where packets go into it. A firewall that sets or restores the mark of what leaves
// (CONNMARK, `meta mark set`) takes the mark off them that leads them past the links, and they are routed
// into the link that they are of: each cell would make another, and none would leave.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.hh"
#include "base/ip.hh"
#include "wire/inner_packet.hh"

namespace cuttle {

struct CellEnds {
  Endpoint to;             // of the peer's first lane; port 0: none
  uint16_t from_port = 0;  // of this node's first lane
  uint16_t lanes = 1;

  bool has(uint16_t port, uint16_t first) const { return port >= first && port - first < lanes; }
};

// `headers`: the first bytes of a packet of `packet_bytes` (wire::kMaxHeaderBytes).
inline bool is_own_cell(Bytes headers, size_t packet_bytes, const CellEnds& ends) {
  constexpr uint8_t kUdp = 17;
  const auto transport = wire::find_transport(headers, packet_bytes);
  if (!transport || transport->protocol != kUdp || transport->is_v6 != ends.to.address.is_v6) return false;
  const uint8_t* ports = headers.data() + transport->offset;
  const uint8_t* to = headers.data() + (transport->is_v6 ? 24 : 16);
  return ends.has(load_be16(ports + 2), ends.to.port) && ends.has(load_be16(ports), ends.from_port) &&
         std::equal(to, to + ends.to.address.size(), ends.to.address.bytes.begin());
}

}  // namespace cuttle
