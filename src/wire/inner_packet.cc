#include "wire/inner_packet.hh"

#include <algorithm>

#include "wire/internet_sum.hh"

namespace cuttle::wire {

namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr size_t kIpv4Minimum = 20;
constexpr size_t kIpv6Header = 40;

// Of the pseudo-header, but for the length in it.
InternetSum sum_of_addresses(Bytes headers, const Transport& transport) {
  InternetSum sum;
  sum.add(transport.is_v6 ? headers.subspan(8, 32) : headers.subspan(12, 8));
  sum.add_word(transport.protocol);
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

std::optional<InnerEnds> inner_ends(Bytes packet) {
  const Block block = classify_block(packet);
  if (block.kind != BlockKind::packet || block.bytes != packet.size()) return std::nullopt;
  InnerEnds ends;
  ends.source.is_v6 = ends.destination.is_v6 = packet[0] >> 4 == 6;
  const uint8_t* at = packet.data() + (ends.source.is_v6 ? 8 : 12);
  std::copy_n(at, ends.source.size(), ends.source.bytes.begin());
  std::copy_n(at + ends.source.size(), ends.destination.size(), ends.destination.bytes.begin());
  return ends;
}

std::optional<IpAddress> inner_source(Bytes packet) {
  const auto ends = inner_ends(packet);
  return ends ? std::optional(ends->source) : std::nullopt;
}

std::optional<Transport> find_transport(Bytes headers, size_t packet_bytes) {
  const Block block = classify_block(headers);
  if (block.kind != BlockKind::packet || block.bytes != packet_bytes) return std::nullopt;
  Transport t{};
  t.is_v6 = headers[0] >> 4 == 6;
  if (t.is_v6) {
    t.protocol = headers[6];
    t.offset = kIpv6Header;
  } else {
    if (headers.size() < kIpv4Minimum) return std::nullopt;
    const bool fragment = (load_be16(headers.data() + 6) & 0x3fff) != 0;  // offset, or more fragments
    if (fragment) return std::nullopt;
    t.protocol = headers[9];
    t.offset = static_cast<uint16_t>((headers[0] & 0xf) * 4);
  }
  const size_t rest = packet_bytes - t.offset;
  if (t.protocol == kTcp) {
    if (rest < 20 || headers.size() < t.offset + size_t{20}) return std::nullopt;
    t.header_bytes = static_cast<uint16_t>((headers[t.offset + 12] >> 4) * 4);
    t.checksum_offset = 16;
    if (t.header_bytes < 20) return std::nullopt;
  } else if (t.protocol == kUdp) {
    if (rest < 8 || headers.size() < t.offset + size_t{8}) return std::nullopt;
    t.header_bytes = 8;
    t.checksum_offset = 6;
  } else {
    return std::nullopt;
  }
  if (t.header_bytes > rest) return std::nullopt;
  return t;
}

uint16_t pseudo_header_sum(Bytes headers, const Transport& transport, size_t transport_bytes) {
  InternetSum sum = sum_of_addresses(headers, transport);
  sum.add_word(static_cast<uint32_t>(transport_bytes));
  return sum.folded();
}

size_t claimed_bytes(Bytes headers, const Transport& transport) {
  const uint32_t field = load_be16(headers.data() + transport.offset + transport.checksum_offset);
  const uint32_t rest = (field + 0xffff - sum_of_addresses(headers, transport).folded()) % 0xffff;
  return rest == 0 ? 0xffff : rest;
}

}  // namespace cuttle::wire
