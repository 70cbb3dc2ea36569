#include "frame.hh"

#include <netinet/in.h>

namespace cuttle::tools {

namespace {

constexpr size_t kEthernetBytes = 14;
constexpr size_t kIpv6HeaderBytes = 40;
constexpr size_t kUdpHeaderBytes = 8;
constexpr uint16_t kEtherTypeIpv4 = 0x0800;
constexpr uint16_t kEtherTypeIpv6 = 0x86dd;

uint32_t add_up(uint32_t sum, Bytes bytes) {
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be16(bytes.data() + i);
  if (bytes.size() % 2 != 0) sum += static_cast<uint32_t>(bytes.back()) << 8;
  return sum;
}

uint16_t fold(uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

IpAddress address_at(Bytes frame, size_t offset, bool is_v6) {
  IpAddress address;
  address.is_v6 = is_v6;
  std::memcpy(address.bytes.data(), frame.data() + offset, address.size());
  return address;
}

}  // namespace

std::optional<UdpPlaces> find_udp(Bytes frame) {
  if (frame.size() < kEthernetBytes + 20) return std::nullopt;
  const uint16_t type = load_be16(frame.data() + 12);
  const uint8_t* ip = frame.data() + kEthernetBytes;
  UdpPlaces places{type == kEtherTypeIpv6, kEthernetBytes, 0, 0, 0};
  if (type == kEtherTypeIpv4) {
    if (ip[9] != IPPROTO_UDP || (load_be16(ip + 6) & 0x3fff) != 0) return std::nullopt;
    places.udp = places.ip + static_cast<size_t>(ip[0] & 0x0f) * 4;
  } else if (type == kEtherTypeIpv6) {
    if (ip[6] != IPPROTO_UDP) return std::nullopt;
    places.udp = places.ip + kIpv6HeaderBytes;
  } else {
    return std::nullopt;
  }
  places.payload = places.udp + kUdpHeaderBytes;
  if (frame.size() < places.payload) return std::nullopt;
  const size_t udp_bytes = load_be16(frame.data() + places.udp + 4);
  if (udp_bytes < kUdpHeaderBytes || places.udp + udp_bytes > frame.size()) return std::nullopt;
  places.payload_bytes = udp_bytes - kUdpHeaderBytes;
  return places;
}

IpAddress source_of(Bytes frame, const UdpPlaces& places) {
  return address_at(frame, places.ip + (places.is_v6 ? 8 : 12), places.is_v6);
}

IpAddress destination_of(Bytes frame, const UdpPlaces& places) {
  return address_at(frame, places.ip + (places.is_v6 ? 24 : 16), places.is_v6);
}

void set_source(Frame& frame, const UdpPlaces& places, const IpAddress& source) {
  std::memcpy(frame.data() + places.ip + (places.is_v6 ? 8 : 12), source.bytes.data(), source.size());
}

void resize_payload(Frame& frame, UdpPlaces& places, size_t bytes) {
  frame.resize(places.payload + bytes);
  places.payload_bytes = bytes;
  uint8_t* ip = frame.data() + places.ip;
  const size_t udp_bytes = kUdpHeaderBytes + bytes;
  store_be16(frame.data() + places.udp + 4, static_cast<uint16_t>(udp_bytes));
  if (places.is_v6) {
    store_be16(ip + 4, static_cast<uint16_t>(udp_bytes));
  } else {
    store_be16(ip + 2, static_cast<uint16_t>(places.udp - places.ip + udp_bytes));
  }
}

void fix_checksums(Frame& frame, const UdpPlaces& places) {
  uint8_t* ip = frame.data() + places.ip;
  uint8_t* udp = frame.data() + places.udp;
  if (!places.is_v6) {
    store_be16(ip + 10, 0);
    store_be16(ip + 10, fold(add_up(0, {ip, places.udp - places.ip})));
  }
  // RFC 768 and RFC 8200, section 8.1: the sum covers the addresses, the length and the protocol, too.
  const size_t udp_bytes = kUdpHeaderBytes + places.payload_bytes;
  const Bytes addresses = places.is_v6 ? Bytes(ip + 8, 32) : Bytes(ip + 12, 8);
  store_be16(udp + 6, 0);
  uint32_t sum = add_up(IPPROTO_UDP + static_cast<uint32_t>(udp_bytes), addresses);
  sum = add_up(sum, {udp, udp_bytes});
  const uint16_t checksum = fold(sum);
  store_be16(udp + 6, checksum == 0 ? 0xffff : checksum);
}

}  // namespace cuttle::tools
