// The inner packet: what a data block holds (RFC 9347, section 6.1.3). Only the fields that Cuttle heeds.
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

// What starts at the first byte of `data`. `incomplete`: the length field is not there yet. `malformed`: not
// IPv4, IPv6 or pad, or a length smaller than the header (zero among them, which would never end).
Block classify_block(Bytes data);

struct InnerEnds {
  IpAddress source;
  IpAddress destination;
};

// Addresses of a whole packet. nullopt when its header does not parse.
std::optional<InnerEnds> inner_ends(Bytes packet);
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

// Room for all that find_transport looks at.
inline constexpr size_t kMaxHeaderBytes = 60 + 20;

// `headers`: the first bytes of a packet of `packet_bytes`, kMaxHeaderBytes at least where it has so many.
// nullopt for fragments, extension headers, other protocols, and headers that do not fit the packet.
std::optional<Transport> find_transport(Bytes headers, size_t packet_bytes);
inline std::optional<Transport> find_transport(Bytes packet) {
  return find_transport(packet, packet.size());
}

// The checksum field of a packet in a cell whose checksum is still to be made holds the sum of the
// pseudo-header, folded but not complemented (as with CHECKSUM_PARTIAL in Linux). The length in that
// pseudo-header is the transport's bytes in the packet, or, where the packet is to be cut into segments
// first, those in one segment, its TCP header among them. So the segment size travels without a place of its
// own (docs/wire-format.md).
uint16_t pseudo_header_sum(Bytes headers, const Transport& transport, size_t transport_bytes);

// The other way round: the length with which the sum would be what the field holds, 1 to 65,535.
size_t claimed_bytes(Bytes headers, const Transport& transport);

}  // namespace cuttle::wire
