#include "capture/parse_packet.hh"

#include <pcap/dlt.h>

#include <algorithm>

namespace cuttle::capture {

namespace {

constexpr uint16_t kEtherIpV4 = 0x0800;
constexpr uint16_t kEtherIpV6 = 0x86dd;
constexpr uint16_t kEtherVlan = 0x8100;         // IEEE 802.1Q
constexpr uint16_t kEtherServiceVlan = 0x88a8;  // IEEE 802.1ad
constexpr uint16_t kEtherOldServiceVlan = 0x9100;
constexpr size_t kUdpHeaderBytes = 8;
constexpr size_t kIpV4HeaderBytes = 20;
constexpr size_t kIpV6HeaderBytes = 40;

// IPv6 extension headers that may stand before the transport (RFC 8200, section 4).
constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragment = 44;
constexpr uint8_t kDestinationOptions = 60;

struct LinkPart {
  size_t header_bytes = 0;
  uint16_t ether_type = 0;
};

std::optional<LinkPart> read_untagged_header(LinkLayer layer, Bytes frame) {
  switch (layer) {
    case LinkLayer::ethernet:
      if (frame.size() < 14) return std::nullopt;
      return LinkPart{14, load_be16(frame.data() + 12)};
    case LinkLayer::linux_cooked:
      if (frame.size() < 16) return std::nullopt;
      return LinkPart{16, load_be16(frame.data() + 14)};
    case LinkLayer::linux_cooked_2:
      if (frame.size() < 20) return std::nullopt;
      return LinkPart{20, load_be16(frame.data())};
    case LinkLayer::raw_ip:
      if (frame.empty()) return std::nullopt;
      return LinkPart{0, (frame[0] >> 4) == 6 ? kEtherIpV6 : kEtherIpV4};
  }
  return std::nullopt;
}

// Tags stand behind the header of every link layer, the cooked ones too: libpcap puts back what the card took
// out.
std::optional<LinkPart> read_link_header(LinkLayer layer, Bytes frame) {
  auto part = read_untagged_header(layer, frame);
  while (part && (part->ether_type == kEtherVlan || part->ether_type == kEtherServiceVlan ||
                  part->ether_type == kEtherOldServiceVlan)) {
    if (frame.size() < part->header_bytes + 4) return std::nullopt;
    part->ether_type = load_be16(frame.data() + part->header_bytes + 2);
    part->header_bytes += 4;
  }
  return part;
}

void read_transport(Bytes transport, size_t transport_wire_bytes, PacketRecord& record) {
  const bool has_ports = record.protocol == kProtocolTcp || record.protocol == kProtocolUdp;
  if (!has_ports || transport.size() < 4) return;
  record.source_port = load_be16(transport.data());
  record.destination_port = load_be16(transport.data() + 2);
  if (record.protocol != kProtocolUdp || transport.size() < kUdpHeaderBytes) return;

  // A segmentation-offloaded train may carry a length of 0: then the IP length decides.
  const uint16_t stated = load_be16(transport.data() + 4);
  const size_t udp_bytes = stated >= kUdpHeaderBytes ? stated : transport_wire_bytes;
  record.udp_payload_bytes =
      static_cast<uint32_t>(udp_bytes > kUdpHeaderBytes ? udp_bytes - kUdpHeaderBytes : 0);
  const Bytes payload = transport.subspan(kUdpHeaderBytes);
  if (payload.size() < 8 || record.udp_payload_bytes < 8) return;
  const uint32_t spi = load_be32(payload.data());
  if (spi != 0) record.esp = EspHeader{Spi{spi}, Sequence{load_be32(payload.data() + 4)}};
}

ParseStatus parse_ip_v4(Bytes ip, size_t wire_bytes, PacketRecord& record) {
  if (ip.size() < kIpV4HeaderBytes || ip[0] >> 4 != 4) return ParseStatus::unreadable;
  const size_t header_bytes = size_t{ip[0] & 0x0fU} * 4;
  if (header_bytes < kIpV4HeaderBytes) return ParseStatus::unreadable;
  const uint16_t stated = load_be16(ip.data() + 2);
  record.ip_bytes = stated != 0 ? stated : static_cast<uint32_t>(wire_bytes);
  if (record.ip_bytes < header_bytes) return ParseStatus::unreadable;
  record.protocol = ip[9];
  std::copy_n(ip.data() + 12, 4, record.source.bytes.begin());
  std::copy_n(ip.data() + 16, 4, record.destination.bytes.begin());

  const uint16_t fragment_field = load_be16(ip.data() + 6);
  const bool more = (fragment_field & 0x2000) != 0;
  const uint16_t offset = fragment_field & 0x1fff;
  record.fragment = more || offset != 0;
  if (offset != 0 || ip.size() < header_bytes) return ParseStatus::ip;
  read_transport(ip.subspan(header_bytes), record.ip_bytes - header_bytes, record);
  return ParseStatus::ip;
}

ParseStatus parse_ip_v6(Bytes ip, size_t wire_bytes, PacketRecord& record) {
  if (ip.size() < kIpV6HeaderBytes || ip[0] >> 4 != 6) return ParseStatus::unreadable;
  const uint16_t stated = load_be16(ip.data() + 4);
  record.ip_bytes = static_cast<uint32_t>(stated != 0 ? stated + kIpV6HeaderBytes : wire_bytes);
  record.source.is_v6 = record.destination.is_v6 = true;
  std::copy_n(ip.data() + 8, 16, record.source.bytes.begin());
  std::copy_n(ip.data() + 24, 16, record.destination.bytes.begin());

  record.protocol = ip[6];
  size_t at = kIpV6HeaderBytes;
  bool later_fragment = false;
  while (record.protocol == kHopByHop || record.protocol == kRouting || record.protocol == kFragment ||
         record.protocol == kDestinationOptions) {
    if (ip.size() < at + 8) return ParseStatus::ip;  // the rest was not captured
    const bool is_fragment = record.protocol == kFragment;
    if (is_fragment) {
      const uint16_t field = load_be16(ip.data() + at + 2);
      record.fragment = (field & 0xfff9) != 0;  // offset or more-to-come; neither is an atomic fragment
      later_fragment = (field & 0xfff8) != 0;
    }
    const size_t header_bytes = is_fragment ? 8 : (size_t{ip[at + 1]} + 1) * 8;
    record.protocol = ip[at];
    at += header_bytes;
    if (later_fragment) return ParseStatus::ip;
  }
  if (ip.size() < at || record.ip_bytes < at) return ParseStatus::ip;
  read_transport(ip.subspan(at), record.ip_bytes - at, record);
  return ParseStatus::ip;
}

}  // namespace

std::optional<LinkLayer> link_layer_of(int libpcap_link_type) {
  switch (libpcap_link_type) {
    case DLT_EN10MB:
      return LinkLayer::ethernet;
    case DLT_LINUX_SLL:
      return LinkLayer::linux_cooked;
    case DLT_LINUX_SLL2:
      return LinkLayer::linux_cooked_2;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
      return LinkLayer::raw_ip;
    default:
      return std::nullopt;
  }
}

ParseStatus parse_frame(LinkLayer layer, Bytes frame, uint32_t wire_bytes, PacketRecord& record) {
  record = PacketRecord{};
  const auto link = read_link_header(layer, frame);
  if (!link) return ParseStatus::unreadable;
  if (layer == LinkLayer::linux_cooked_2) record.interface = load_be32(frame.data() + 4);
  const Bytes ip = frame.subspan(link->header_bytes);
  const size_t ip_wire_bytes = wire_bytes > link->header_bytes ? wire_bytes - link->header_bytes : 0;
  if (link->ether_type == kEtherIpV4) return parse_ip_v4(ip, ip_wire_bytes, record);
  if (link->ether_type == kEtherIpV6) return parse_ip_v6(ip, ip_wire_bytes, record);
  return ParseStatus::not_ip;
}

Bytes ip_of(LinkLayer layer, Bytes frame) {
  const auto link = read_link_header(layer, frame);
  return link ? frame.subspan(link->header_bytes) : Bytes{};
}

}  // namespace cuttle::capture
