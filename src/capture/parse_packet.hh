// From captured bytes to a PacketRecord. Reads only what was captured: 64 bytes of an IPv4 frame are enough
// for every field.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "capture/packet_record.hh"

namespace cuttle::capture {

enum class LinkLayer { ethernet, linux_cooked, linux_cooked_2, raw_ip };

// The link layer of a libpcap link type (DLT_ value); nullopt for one that is not supported.
std::optional<LinkLayer> link_layer_of(int libpcap_link_type);

enum class ParseStatus { ip, not_ip, unreadable };

// Fills `record` except its time. `frame` is what was captured, `wire_bytes` what the frame measured on the
// wire. not_ip: another protocol (ARP, LLDP). unreadable: too short or contradicting itself; `record` is then
// undefined.
ParseStatus parse_frame(LinkLayer layer, Bytes frame, uint32_t wire_bytes, PacketRecord& record);

// The captured bytes from the IP header on. Precondition: parse_frame says that the frame is IP.
Bytes ip_of(LinkLayer layer, Bytes frame);

}  // namespace cuttle::capture
