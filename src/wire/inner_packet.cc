#include "wire/inner_packet.hh"

#include <algorithm>

namespace cuttle::wire {

namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr size_t kIpv4Minimum = 20;
constexpr size_t kIpv6Header = 40;

uint32_t sum_words(Bytes bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be16(bytes.data() + i);
  return sum;
}

}  // namespace

Block classify_block(Bytes data) {
  if (data.empty()) return {BlockKind::incomplete};
  switch (data[0] >> 4) {
    case 0:
      return {BlockKind::pad};
    case 4: {
      if (data.size() < 4) return {BlockKind::incomplete};
      const size_t total = load_be16(data.data() + 2);
      const size_t header = static_cast<size_t>(data[0] & 0xf) * 4;
      if (header < kIpv4Minimum || total < header) return {BlockKind::malformed};
      return {BlockKind::packet, total};
    }
    case 6:
      if (data.size() < 6) return {BlockKind::incomplete};
      return {BlockKind::packet, kIpv6Header + load_be16(data.data() + 4)};
    default:
      return {BlockKind::malformed};
  }
}

std::optional<IpAddress> inner_source(Bytes packet) {
  const Block block = classify_block(packet);
  if (block.kind != BlockKind::packet || block.bytes != packet.size()) return std::nullopt;
  IpAddress source;
  source.is_v6 = packet[0] >> 4 == 6;
  const uint8_t* at = packet.data() + (source.is_v6 ? 8 : 12);
  std::copy_n(at, source.size(), source.bytes.begin());
  return source;
}

std::optional<Transport> find_transport(Bytes packet) {
  const Block block = classify_block(packet);
  if (block.kind != BlockKind::packet || block.bytes != packet.size()) return std::nullopt;
  Transport t{};
  t.is_v6 = packet[0] >> 4 == 6;
  if (t.is_v6) {
    t.protocol = packet[6];
    t.offset = kIpv6Header;
  } else {
    const bool fragment = (load_be16(packet.data() + 6) & 0x3fff) != 0;  // offset, or more fragments
    if (fragment) return std::nullopt;
    t.protocol = packet[9];
    t.offset = static_cast<uint16_t>((packet[0] & 0xf) * 4);
  }
  const size_t rest = packet.size() - t.offset;
  if (t.protocol == kTcp) {
    if (rest < 20) return std::nullopt;
    t.header_bytes = static_cast<uint16_t>((packet[t.offset + 12] >> 4) * 4);
    t.checksum_offset = 16;
    if (t.header_bytes < 20) return std::nullopt;
  } else if (t.protocol == kUdp) {
    if (rest < 8) return std::nullopt;
    t.header_bytes = 8;
    t.checksum_offset = 6;
  } else {
    return std::nullopt;
  }
  if (t.header_bytes > rest) return std::nullopt;
  return t;
}

uint16_t pseudo_header_sum(Bytes packet, const Transport& transport) {
  uint32_t sum = transport.is_v6 ? sum_words(packet.subspan(8, 32)) : sum_words(packet.subspan(12, 8));
  sum += transport.protocol + static_cast<uint32_t>(packet.size() - transport.offset);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace cuttle::wire
