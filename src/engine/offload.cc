#include "engine/offload.hh"

#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "wire/inner_packet.hh"
#include "wire/internet_sum.hh"

namespace cuttle {

namespace {

// A peer could ask for segments of one byte each, and the kernel would make 65,000 packets of one. Linux
// takes no smaller offer than 88 bytes from a TCP peer (TCP_MIN_MSS), which leaves 48 with all options.
constexpr size_t kMinSegmentBytes = 48;

// A packet that lies in pieces.
class Scattered {
 public:
  Scattered(std::span<const iovec> pieces, size_t bytes) : pieces_(pieces), bytes_(bytes) {}

  size_t bytes() const { return bytes_; }

  // Every byte from `from` on, with see(piece).
  template <typename See>
  void each(size_t from, See see) const {
    size_t begin = 0;
    for (const iovec& piece : pieces_) {
      if (begin >= bytes_) return;
      const size_t end = std::min(begin + piece.iov_len, bytes_);
      if (end > from) {
        const size_t skip = from > begin ? from - begin : 0;
        see(MutableBytes(static_cast<uint8_t*>(piece.iov_base) + skip, end - begin - skip));
      }
      begin += piece.iov_len;
    }
  }
  Bytes first(MutableBytes out) const {
    size_t done = 0;
    each(0, [&](Bytes piece) {
      const size_t now = std::min(piece.size(), out.size() - done);
      std::copy_n(piece.data(), now, out.data() + done);
      done += now;
    });
    return out.first(done);
  }
  void store_be16(size_t at, uint16_t value) const {
    const std::array<uint8_t, 2> bytes{static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
    size_t done = 0;
    each(at, [&](MutableBytes piece) {
      for (size_t i = 0; i < piece.size() && done < 2; ++i) piece[i] = bytes[done++];
    });
  }
  wire::InternetSum sum_from(size_t from) const {
    wire::InternetSum sum;
    each(from, [&](Bytes piece) { sum.add(piece); });
    return sum;
  }

 private:
  std::span<const iovec> pieces_;
  size_t bytes_;
};

// As a card would: the field holds the pseudo-header's sum, and what is added to it is everything from
// `start` on, the field included.
void complete(const VirtioHeader& header, const Scattered& packet) {
  const size_t field = size_t{header.checksum_start} + header.checksum_offset;
  if (field + 2 > packet.bytes()) return;  // the kernel describes no such packet
  const auto sum = static_cast<uint16_t>(~packet.sum_from(header.checksum_start).folded());
  // 0 would say that there is none, where it is UDP's; 0xffff means the same number.
  packet.store_be16(field, sum == 0 ? 0xffff : sum);
}

bool is_right(const Scattered& packet, Bytes headers, const wire::Transport& transport) {
  wire::InternetSum sum = packet.sum_from(transport.offset);
  wire::InternetSum whole;
  whole.add_word(sum.folded());
  whole.add_word(wire::pseudo_header_sum(headers, transport, packet.bytes() - transport.offset));
  return whole.folded() == 0xffff;
}

}  // namespace

Bytes first_bytes(std::span<const iovec> room, size_t bytes, MutableBytes out) {
  return Scattered(room, bytes).first(out);
}

bool prepare_for_cells(const VirtioHeader& header, std::span<const iovec> room, size_t bytes) {
  const Scattered packet(room, bytes);
  std::array<uint8_t, wire::kMaxHeaderBytes> memory;
  const Bytes headers = packet.first(memory);
  const auto transport = wire::find_transport(headers, bytes);
  const bool to_be_made = (header.flags & VirtioHeader::kNeedsChecksum) != 0;
  const bool described = transport && header.checksum_start == transport->offset &&
                         header.checksum_offset == transport->checksum_offset;
  // Behind an extension header, or inside another packet: the other end would not find it.
  if (to_be_made && !described) complete(header, packet);
  if (!transport || (to_be_made && !described)) return true;

  const size_t field = size_t{transport->offset} + transport->checksum_offset;
  if (!to_be_made) {
    const bool is_udp = transport->protocol == IPPROTO_UDP;
    if (is_udp && load_be16(headers.data() + field) == 0) return true;  // none (RFC 768, RFC 6935)
    const bool checked = (header.flags & VirtioHeader::kDataValid) != 0;
    if (!checked && !is_right(packet, headers, *transport)) return false;
    if (is_udp) return true;
  }
  const size_t payload = bytes - transport->offset - transport->header_bytes;
  const bool is_cut = header.gso_type != VirtioHeader::kGsoNone && transport->protocol == IPPROTO_TCP;
  const size_t segment =
      is_cut && header.gso_bytes > 0 ? std::min<size_t>(header.gso_bytes, payload) : payload;
  packet.store_be16(field, wire::pseudo_header_sum(headers, *transport, transport->header_bytes + segment));
  return true;
}

void complete_checksum(MutableBytes packet) {
  const auto transport = wire::find_transport(packet);
  if (!transport) return;
  uint8_t* field = packet.data() + transport->offset + transport->checksum_offset;
  if (transport->protocol == IPPROTO_UDP && load_be16(field) == 0) return;  // none
  store_be16(field, wire::pseudo_header_sum(packet, *transport, packet.size() - transport->offset));
  VirtioHeader header{};
  header.checksum_start = transport->offset;
  header.checksum_offset = transport->checksum_offset;
  const iovec whole{packet.data(), packet.size()};
  complete(header, Scattered(std::span(&whole, 1), packet.size()));
}

VirtioHeader describe_for_tun(MutableBytes packet, uint32_t mtu) {
  VirtioHeader header{};
  const auto transport = wire::find_transport(packet);
  if (!transport) return header;
  uint8_t* field = packet.data() + transport->offset + transport->checksum_offset;
  const bool is_tcp = transport->protocol == IPPROTO_TCP;
  if (!is_tcp && load_be16(field) == 0) return header;
  const size_t bytes = packet.size() - transport->offset;
  const size_t claimed = wire::claimed_bytes(packet, *transport);
  const bool is_cut = is_tcp && claimed < bytes && claimed >= transport->header_bytes + kMinSegmentBytes;
  if (claimed != bytes && !is_cut) return header;  // a whole checksum, which is for others to judge
  store_be16(field, wire::pseudo_header_sum(packet, *transport, bytes));
  header.flags = VirtioHeader::kNeedsChecksum;
  header.checksum_start = transport->offset;
  header.checksum_offset = transport->checksum_offset;

  const size_t headers = transport->offset + transport->header_bytes;
  if (is_tcp && (is_cut || packet.size() > mtu) && mtu > headers) {
    const size_t segment = is_cut ? claimed - transport->header_bytes : mtu - headers;
    header.gso_type = transport->is_v6 ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4;
    header.header_bytes = static_cast<uint16_t>(headers);
    header.gso_bytes = static_cast<uint16_t>(std::min<size_t>(segment, mtu - headers));
  }
  return header;
}

}  // namespace cuttle
