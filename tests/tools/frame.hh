// Ethernet frames with UDP over IPv4 or IPv6 in them: where the parts are, and changing them so that the
// checksums stay right (otherwise the receiving kernel drops the frame before anyone of ours sees it).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "base/ip.hh"

namespace cuttle::tools {

using Frame = std::vector<uint8_t>;

struct UdpPlaces {
  bool is_v6;
  size_t ip;       // offset of the IP header
  size_t udp;      // of the UDP header
  size_t payload;  // of its payload
  size_t payload_bytes;
};

// nullopt for everything that is not a whole, unfragmented UDP datagram.
std::optional<UdpPlaces> find_udp(Bytes frame);

IpAddress source_of(Bytes frame, const UdpPlaces& places);
IpAddress destination_of(Bytes frame, const UdpPlaces& places);
void set_source(Frame& frame, const UdpPlaces& places, const IpAddress& source);

// Cuts or extends (with zeros) the payload; lengths are right afterwards, checksums are not.
void resize_payload(Frame& frame, UdpPlaces& places, size_t bytes);
void fix_checksums(Frame& frame, const UdpPlaces& places);

}  // namespace cuttle::tools
