#include "link/ring_writer.hh"

#include <algorithm>

#include "wire/pad.hh"

namespace cuttle {

namespace {

// A rest smaller than this is not worth a fragment of its own.
constexpr size_t kSmallestFragmentBytes = 24;

}  // namespace

std::optional<RingWriter::Room> RingWriter::poll_room() {
  if (!has_room()) return std::nullopt;
  const size_t used_bytes = ring_.begin_write();
  const size_t data_bytes = ring_.format().data_bytes();
  size_t left = kLargestPacketBytes;
  size_t pieces = 0;
  size_t used = used_bytes;
  for (size_t ahead = 0; left > 0 && pieces < pieces_.size(); ++ahead) {
    const size_t piece = std::min(left, data_bytes - used);
    pieces_[pieces++] = {data(ahead) + used, piece};
    left -= piece;
    used = 0;
  }
  CUTTLE_CHECK(left == 0, "as many pieces as a packet can touch slots");
  return Room(*this, used_bytes, std::span(pieces_).first(pieces));
}

bool RingWriter::Room::commit(size_t bytes) {
  RingWriter& writer = *writer_;
  SlotRing& ring = writer.ring_;
  const size_t data_bytes = ring.format().data_bytes();
  // No fragment is shorter than kSmallestFragmentBytes, so the length is in the first one.
  const Bytes first(writer.data(0) + used_bytes_, std::min(bytes, data_bytes - used_bytes_));
  const wire::Block block = wire::classify_block(first);
  if (block.kind != wire::BlockKind::packet || block.bytes != bytes) {
    writer.packets_malformed_.add();
    return false;
  }
  writer_ = nullptr;
  if (used_bytes_ == 0) wire::store_aggfrag_header(ring.payload(0), 0);
  size_t left = bytes;
  size_t used = used_bytes_;
  // What follows the packets of an open slot is zero but for the old report, which this packet covers.
  bool rest_is_zero = used_bytes_ != 0;
  while (left > data_bytes - used) {
    rest_is_zero = false;
    left -= data_bytes - used;
    used = 0;
    ring.end_write_full();
    wire::store_aggfrag_header(ring.payload(0), static_cast<uint16_t>(left));
  }
  used += left;
  const MutableBytes rest(writer.data(0) + used, data_bytes - used);
  if (rest_is_zero) {
    wire::store_pad_report(rest, writer.loss_report_);
  } else {
    wire::store_pad(rest, writer.loss_report_);
  }
  if (rest.size() >= kSmallestFragmentBytes) {
    ring.end_write_open(used);
  } else {
    ring.end_write_full();
    if (ring.writable_slots() > 0) ring.end_write_open(0);
  }
  return true;
}

void RingWriter::give_back(size_t used_bytes) {
  // What was read may lie behind the packets that are already there, and must not leave with them.
  if (used_bytes != 0) {
    const size_t rest = ring_.format().data_bytes() - used_bytes;
    wire::store_pad({data(0) + used_bytes, rest}, loss_report_);
  }
  ring_.end_write_open(used_bytes);
}

bool RingWriter::handle_copy(Bytes packet) {
  const iovec whole{const_cast<uint8_t*>(packet.data()), packet.size()};
  return handle_copy(std::span(&whole, 1));
}

bool RingWriter::handle_copy(std::span<const iovec> pieces) {
  size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  if (!has_room(bytes)) return false;
  if (bytes == 0 || bytes > kLargestPacketBytes) {
    packets_malformed_.add();
    return true;
  }
  const size_t data_bytes = ring_.format().data_bytes();
  const size_t used_bytes = ring_.begin_write();
  size_t ahead = 0;
  size_t used = used_bytes;
  for (const iovec& piece : pieces) {
    const auto* from = static_cast<const uint8_t*>(piece.iov_base);
    for (size_t left = piece.iov_len; left > 0;) {
      if (used == data_bytes) {
        ++ahead;
        used = 0;
      }
      const size_t now = std::min(left, data_bytes - used);
      std::memcpy(data(ahead) + used, from, now);
      from += now;
      left -= now;
      used += now;
    }
  }
  Room(*this, used_bytes, {}).commit(bytes);
  return true;
}

}  // namespace cuttle
