#include "sim/host_packet.hh"

#include <algorithm>

#include "wire/internet_sum.hh"

namespace cuttle::sim {

namespace {

constexpr uint8_t kTcp = 6;
constexpr size_t kTcpHeaderBytes = 20;
constexpr uint8_t kPsh = 0x08;

bool is_v6(Bytes packet) {
  return packet[0] >> 4 == 6;
}
size_t ip_bytes(Bytes packet) {
  return is_v6(packet) ? 40 : 20;
}
uint8_t protocol_of(Bytes packet) {
  return is_v6(packet) ? packet[6] : packet[9];
}
bool is_tcp(Bytes packet) {
  return protocol_of(packet) == kTcp;
}
size_t checksum_offset(Bytes packet) {
  return is_tcp(packet) ? 16 : 6;
}

uint16_t pseudo_sum(Bytes packet) {
  wire::InternetSum sum;
  sum.add(is_v6(packet) ? packet.subspan(8, 32) : packet.subspan(12, 8));
  sum.add_word(protocol_of(packet));
  sum.add_word(static_cast<uint32_t>(packet.size() - ip_bytes(packet)));
  return sum.folded();
}

VirtioHeader header_of(Bytes packet, size_t segment_bytes) {
  VirtioHeader header{};
  header.flags = VirtioHeader::kNeedsChecksum;
  header.checksum_start = static_cast<uint16_t>(ip_bytes(packet));
  header.checksum_offset = static_cast<uint16_t>(checksum_offset(packet));
  const size_t headers = ip_bytes(packet) + kTcpHeaderBytes;
  if (!is_tcp(packet) || packet.size() <= headers + segment_bytes) return header;
  header.gso_type = is_v6(packet) ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4;
  header.header_bytes = static_cast<uint16_t>(headers);
  header.gso_bytes = static_cast<uint16_t>(segment_bytes);
  return header;
}

bool same(const VirtioHeader& a, const VirtioHeader& b) {
  return a.flags == b.flags && a.gso_type == b.gso_type && a.header_bytes == b.header_bytes &&
         a.gso_bytes == b.gso_bytes && a.checksum_start == b.checksum_start &&
         a.checksum_offset == b.checksum_offset;
}

std::vector<uint8_t> segment_of(Bytes packet, size_t from, size_t payload) {
  const size_t ip = ip_bytes(packet);
  const size_t headers = ip + kTcpHeaderBytes;
  std::vector<uint8_t> segment(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(headers));
  const Bytes piece = packet.subspan(headers + from, payload);
  segment.insert(segment.end(), piece.begin(), piece.end());
  if (is_v6(packet)) {
    store_be16(segment.data() + 4, static_cast<uint16_t>(segment.size() - ip));
  } else {
    store_be16(segment.data() + 2, static_cast<uint16_t>(segment.size()));
    store_be16(segment.data() + 4, 0);
    store_be16(segment.data() + 10, 0);
  }
  store_be32(segment.data() + ip + 4, load_be32(packet.data() + ip + 4) + static_cast<uint32_t>(from));
  if (headers + from + payload < packet.size()) segment[ip + 13] &= static_cast<uint8_t>(~kPsh);
  make_checksum(segment);
  return segment;
}

}  // namespace

void make_checksum(MutableBytes packet) {
  const size_t ip = ip_bytes(packet);
  uint8_t* field = packet.data() + ip + checksum_offset(packet);
  store_be16(field, pseudo_sum(packet));
  const auto sum = static_cast<uint16_t>(~wire::internet_sum(packet.subspan(ip)));
  store_be16(field, sum == 0 ? 0xffff : sum);
}

HostPacket leave_to_card(std::vector<uint8_t> packet, size_t segment_bytes) {
  const VirtioHeader header = header_of(packet, segment_bytes);
  store_be16(packet.data() + ip_bytes(packet) + checksum_offset(packet), pseudo_sum(packet));
  return {std::move(packet), header};
}

std::vector<std::vector<uint8_t>> received_by_host(HostPacket packet) {
  const VirtioHeader& header = packet.header;
  std::vector<std::vector<uint8_t>> received;
  const size_t segment_bytes = header.gso_type == VirtioHeader::kGsoNone ? 65535 : header.gso_bytes;
  const size_t field = size_t{header.checksum_start} + header.checksum_offset;
  const bool is_described = header.flags == VirtioHeader::kNeedsChecksum && segment_bytes > 0 &&
                            field + 2 <= packet.bytes.size() &&
                            same(header, header_of(packet.bytes, segment_bytes));
  if (!is_described || load_be16(packet.bytes.data() + field) != pseudo_sum(packet.bytes)) {
    received.push_back(std::move(packet.bytes));
    return received;
  }
  if (!is_tcp(packet.bytes)) {
    make_checksum(packet.bytes);
    received.push_back(std::move(packet.bytes));
    return received;
  }
  const size_t payload = packet.bytes.size() - ip_bytes(packet.bytes) - kTcpHeaderBytes;
  for (size_t from = 0; from == 0 || from < payload; from += segment_bytes) {
    received.push_back(segment_of(packet.bytes, from, std::min(segment_bytes, payload - from)));
  }
  return received;
}

}  // namespace cuttle::sim
