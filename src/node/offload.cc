#include "node/offload.hh"

#include <netinet/in.h>

#include "wire/inner_packet.hh"

namespace cuttle {

VirtioHeader describe_for_tun(MutableBytes packet, uint32_t mtu) {
  VirtioHeader header{};
  const auto transport = wire::find_transport(packet);
  if (!transport) return header;
  uint8_t* at = packet.data() + transport->offset;
  store_be16(at + transport->checksum_offset, wire::pseudo_header_sum(packet, *transport));
  header.flags = VirtioHeader::kNeedsChecksum;
  header.checksum_start = transport->offset;
  header.checksum_offset = transport->checksum_offset;

  const size_t headers = transport->offset + transport->header_bytes;
  if (transport->protocol == IPPROTO_TCP && packet.size() > mtu && mtu > headers) {
    header.gso_type = transport->is_v6 ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4;
    header.header_bytes = static_cast<uint16_t>(headers);
    header.gso_bytes = static_cast<uint16_t>(mtu - headers);
  }
  return header;
}

}  // namespace cuttle
