// The inner packet: what a data block holds (RFC 9347, section 6.1.3). Only the fields that Cuttle obeys.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "base/ip.hh"

namespace cuttle::wire {

// The largest packet a data block can hold: IPv6 with a full payload length field.
inline constexpr size_t kLargestInnerPacketBytes = 40 + 65535;

enum class BlockKind { pad, packet, incomplete, malformed };

struct Block {
  BlockKind kind;
  size_t bytes = 0;  // of a packet: its length as its own header states it
};

// What starts at the first octet of `data`. `incomplete`: the length field is not there yet. `malformed`: not
// IPv4, IPv6 or pad, or a length smaller than the header (zero among them, which would never end).
Block classify_block(Bytes data);

// Source address of a whole packet. nullopt when its header does not parse.
std::optional<IpAddress> inner_source(Bytes packet);

// Where the transport header of a whole packet lies, for checksum and segmentation offload.
struct Transport {
  uint8_t protocol;          // IPPROTO_TCP or IPPROTO_UDP, else the packet is not described
  uint16_t offset;           // of the transport header
  uint16_t header_bytes;     // of the transport header
  uint16_t checksum_offset;  // of the checksum inside the transport header
  bool is_v6;
};

// nullopt for fragments, extension headers, other protocols, and headers that do not fit the packet.
std::optional<Transport> find_transport(Bytes packet);

// The checksum of the pseudo-header, folded but not complemented: what the kernel expects in the checksum
// field of a packet whose checksum it is to complete (CHECKSUM_PARTIAL).
uint16_t pseudo_header_sum(Bytes packet, const Transport& transport);

}  // namespace cuttle::wire
