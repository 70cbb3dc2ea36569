// Packets with the checksums that kernels and cards leave in them.
#pragma once

#include <vector>

#include "wire/inner_packet.hh"
#include "wire/internet_sum.hh"

namespace cuttle {

using ByteVector = std::vector<uint8_t>;

// Leaves the checksum to be made, with that many bytes of transport in the pseudo-header.
inline void store_sum(ByteVector& packet, size_t transport_bytes) {
  const auto transport = wire::find_transport(packet);
  store_be16(packet.data() + transport->offset + transport->checksum_offset,
             wire::pseudo_header_sum(packet, *transport, transport_bytes));
}

// What a card makes of a packet whose sum is to be made: from `start` on, into `field`.
inline void complete_as_a_card(ByteVector& packet, size_t start, size_t field) {
  const auto sum = static_cast<uint16_t>(~wire::internet_sum(Bytes(packet).subspan(start)));
  store_be16(packet.data() + field, sum == 0 ? 0xffff : sum);
}

inline void store_whole_sum(ByteVector& packet) {
  const auto transport = wire::find_transport(packet);
  store_sum(packet, packet.size() - transport->offset);
  complete_as_a_card(packet, transport->offset, size_t{transport->offset} + transport->checksum_offset);
}

inline ByteVector ip_packet(size_t bytes, uint8_t protocol, bool is_v6) {
  ByteVector packet(bytes);
  for (size_t i = 0; i < bytes; ++i) packet[i] = static_cast<uint8_t>(i * 7);
  if (is_v6) {
    packet[0] = 0x60;
    store_be16(packet.data() + 4, static_cast<uint16_t>(bytes - 40));
    packet[6] = protocol;
  } else {
    packet[0] = 0x45;
    store_be16(packet.data() + 2, static_cast<uint16_t>(bytes));
    store_be16(packet.data() + 6, 0x4000);
    packet[9] = protocol;
  }
  return packet;
}

// With their sums to be made.
inline ByteVector tcp_packet(size_t bytes, bool is_v6 = false) {
  ByteVector packet = ip_packet(bytes, 6, is_v6);
  packet[(is_v6 ? 40 : 20) + 12] = 0x50;
  store_sum(packet, bytes - (is_v6 ? 40 : 20));
  return packet;
}
inline ByteVector udp_packet(size_t bytes, bool is_v6) {
  ByteVector packet = ip_packet(bytes, 17, is_v6);
  store_sum(packet, bytes - (is_v6 ? 40 : 20));
  return packet;
}

}  // namespace cuttle
