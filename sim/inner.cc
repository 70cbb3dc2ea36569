#include "sim/inner.hh"

#include <algorithm>
#include <array>

#include "sim/host_packet.hh"

namespace cuttle::sim {

namespace {

constexpr std::array<uint8_t, 8> kMark{0xc7, 0x74, 0x1e, 0xf1, 0x5b, 0x00, 0x7e, 0xd5};
constexpr uint8_t kHostBase = 10;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kExperiment = 253;  // RFC 3692
constexpr uint8_t kAck = 0x10;
constexpr uint8_t kPsh = 0x08;
constexpr size_t kUdpHeader = 8;
constexpr uint16_t kFirstPort = 4000;

size_t header_bytes(const InnerId& id) {
  return id.is_v6 ? kSmallestInnerV6 : kSmallestInnerV4;
}
bool has_ports(const InnerId& id, size_t bytes) {
  return bytes >= header_bytes(id) + kUdpHeader;
}
uint8_t protocol_of(const InnerId& id, size_t bytes) {
  if (id.kind == InnerKind::tcp) return kTcp;
  return has_ports(id, bytes) ? kUdp : kExperiment;
}

uint64_t word(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

void store_header_v4(uint8_t* at, const InnerId& id, size_t bytes) {
  at[0] = 0x45;
  const uint32_t number = id.kind == InnerKind::tcp ? 0 : id.number;
  at[1] = static_cast<uint8_t>(number >> 20);
  store_be16(at + 2, static_cast<uint16_t>(bytes));
  store_be16(at + 4, static_cast<uint16_t>(number));
  store_be16(at + 6, 0x4000);
  at[8] = static_cast<uint8_t>(0x40 | (number >> 16 & 0xf));
  at[9] = protocol_of(id, bytes);
  store_be16(at + 10, 0);
  store_be32(at + 12, 0x0a4d0000u + kHostBase + id.source);
  store_be32(at + 16, 0x0a4d0000u + kHostBase + id.destination);
}

void store_header_v6(uint8_t* at, const InnerId& id, size_t bytes) {
  store_be32(at, 0x60000000u | id.number);
  store_be16(at + 4, static_cast<uint16_t>(bytes - kSmallestInnerV6));
  at[6] = protocol_of(id, bytes);
  at[7] = 64;
  std::memset(at + 8, 0, 32);
  at[8] = at[24] = 0xfd;
  at[23] = static_cast<uint8_t>(kHostBase + id.source);
  at[39] = static_cast<uint8_t>(kHostBase + id.destination);
}

void store_udp(uint8_t* at, const InnerId& id, size_t bytes) {
  store_be16(at, static_cast<uint16_t>(kFirstPort + id.connection));
  store_be16(at + 2, kFirstPort);
  store_be16(at + 4, static_cast<uint16_t>(bytes - header_bytes(id)));
  store_be16(at + 6, 0);
}

void store_tcp(uint8_t* at, const InnerId& id, size_t from, bool last) {
  std::memset(at, 0, kTcpHeaderBytes);
  store_be16(at, static_cast<uint16_t>(kFirstPort + id.connection));
  store_be16(at + 2, kFirstPort);
  store_be32(at + 4, static_cast<uint32_t>(from));
  store_be32(at + 8, id.number);
  at[12] = kTcpHeaderBytes / 4 << 4;
  at[13] = last ? kAck | kPsh : kAck;
  store_be16(at + 14, 0xffff);
}

// Contents of a packet, from there on.
void fill(MutableBytes out, const InnerId& id, size_t from) {
  const uint64_t stream = word(uint64_t{id.number} << 17 | uint64_t{id.source} << 9 |
                               uint64_t{id.destination} << 1 | (id.is_v6 ? 1 : 0));
  for (size_t done = 0; done < out.size();) {
    const size_t i = (from + done) / 8;
    const size_t into = (from + done) % 8;
    const size_t piece = std::min(8 - into, out.size() - done);
    std::array<uint8_t, 8> random;
    const uint64_t value = i % 2 == 0 ? 0 : word(stream + i);
    std::memcpy(random.data(), &value, random.size());
    std::memcpy(out.data() + done, (i % 2 == 0 ? kMark : random).data() + into, piece);
    done += piece;
  }
}

}  // namespace

size_t order_class(const InnerId& id, size_t bytes) {
  return size_t{id.connection} * 8 + (id.kind == InnerKind::tcp ? 4 : 0) + (id.is_v6 ? 2 : 0) +
         (has_ports(id, bytes) ? 1 : 0);
}

std::vector<uint8_t> make_inner(const InnerId& id, size_t bytes) {
  size_t header = header_bytes(id);
  if (id.kind == InnerKind::tcp) return make_tcp_segment(id, bytes, 0, payload_of(id, bytes));
  std::vector<uint8_t> packet(bytes);
  id.is_v6 ? store_header_v6(packet.data(), id, bytes) : store_header_v4(packet.data(), id, bytes);
  const bool is_udp = has_ports(id, bytes);
  if (is_udp) {
    store_udp(packet.data() + header, id, bytes);
    header += kUdpHeader;
  }
  fill(MutableBytes(packet).subspan(header), id, 0);
  if (is_udp && id.kind == InnerKind::summed) make_checksum(packet);
  return packet;
}

std::vector<uint8_t> make_tcp_segment(const InnerId& id, size_t bytes, size_t from, size_t payload) {
  const size_t ip = header_bytes(id);
  const size_t headers = ip + kTcpHeaderBytes;
  std::vector<uint8_t> packet(headers + payload);
  id.is_v6 ? store_header_v6(packet.data(), id, packet.size())
           : store_header_v4(packet.data(), id, packet.size());
  store_tcp(packet.data() + ip, id, from, headers + from + payload == bytes);
  fill(MutableBytes(packet).subspan(headers), id, from);
  make_checksum(packet);
  return packet;
}

std::optional<InnerId> parse_inner(Bytes packet) {
  if (packet.size() < kSmallestInnerV4) return std::nullopt;
  InnerId id{};
  id.is_v6 = packet[0] >> 4 == 6;
  if (id.is_v6) {
    if (packet.size() < kSmallestInnerV6) return std::nullopt;
    id.number = load_be32(packet.data()) & 0x0fffffff;
    id.source = static_cast<uint8_t>(packet[23] - kHostBase);
    id.destination = static_cast<uint8_t>(packet[39] - kHostBase);
  } else {
    id.number = uint32_t{packet[1]} << 20 | (packet[8] & 0xfu) << 16 | load_be16(packet.data() + 4);
    id.source = static_cast<uint8_t>(packet[15] - kHostBase);
    id.destination = static_cast<uint8_t>(packet[19] - kHostBase);
  }
  const uint8_t* transport = packet.data() + header_bytes(id);
  if ((id.is_v6 ? packet[6] : packet[9]) == kTcp) {
    if (packet.size() < header_bytes(id) + kTcpHeaderBytes) return std::nullopt;
    id.kind = InnerKind::tcp;
    id.number = load_be32(transport + 8);
  }
  if (has_ports(id, packet.size())) {
    id.connection = static_cast<uint8_t>(load_be16(transport) - kFirstPort);
  }
  return id;
}

size_t place_of(const InnerId& id, Bytes packet) {
  return id.kind == InnerKind::tcp ? load_be32(packet.data() + header_bytes(id) + 4) : 0;
}

size_t payload_of(const InnerId& id, size_t bytes) {
  return bytes - header_bytes(id) - kTcpHeaderBytes;
}

size_t lane_of(Bytes packet, size_t lanes) {
  const auto id = parse_inner(packet);
  return (size_t{id->connection} + (id->is_v6 ? 1 : 0)) % lanes;
}

bool shows_plaintext(Bytes bytes) {
  return memmem(bytes.data(), bytes.size(), kMark.data(), kMark.size()) != nullptr;
}

}  // namespace cuttle::sim
