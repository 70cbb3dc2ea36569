#include "link/segment.hh"

#include <algorithm>

#include "wire/internet_sum.hh"

namespace cuttle {

namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kFin = 0x01;
constexpr uint8_t kPsh = 0x08;
constexpr uint8_t kCwr = 0x80;

void store_ipv4_checksum(uint8_t* header, size_t header_bytes) {
  store_be16(header + 10, 0);
  store_be16(header + 10, static_cast<uint16_t>(~wire::internet_sum({header, header_bytes})));
}

}  // namespace

Segmenter::Segmenter(Bytes packet, size_t segment_bytes, size_t largest_bytes)
    : packet_(packet), segment_bytes_(segment_bytes) {
  if (packet.size() <= largest_bytes || segment_bytes == 0) return;
  transport_ = wire::find_transport(packet);
  if (!transport_ || transport_->protocol != kTcp) return;
  header_bytes_ = transport_->offset + transport_->header_bytes;
  if (packet.size() - header_bytes_ <= segment_bytes) return;
  const size_t fitting = largest_bytes > header_bytes_ ? (largest_bytes - header_bytes_) / segment_bytes : 0;
  piece_payload_ = std::max<size_t>(fitting, 1) * segment_bytes;
}

std::optional<size_t> Segmenter::poll_piece(MutableBytes out) {
  if (finished_) return std::nullopt;
  if (piece_payload_ == 0) {
    finished_ = true;
    std::memcpy(out.data(), packet_.data(), packet_.size());
    return packet_.size();
  }
  const size_t payload = std::min(piece_payload_, packet_.size() - header_bytes_ - done_);
  const bool first = done_ == 0;
  const bool last = header_bytes_ + done_ + payload == packet_.size();
  std::memcpy(out.data(), packet_.data(), header_bytes_);
  std::memcpy(out.data() + header_bytes_, packet_.data() + header_bytes_ + done_, payload);

  const size_t total = header_bytes_ + payload;
  uint8_t* ip = out.data();
  if (transport_->is_v6) {
    store_be16(ip + 4, static_cast<uint16_t>(total - transport_->offset));
  } else {
    store_be16(ip + 2, static_cast<uint16_t>(total));
    store_be16(ip + 4, static_cast<uint16_t>(load_be16(ip + 4) + pieces_));
    store_ipv4_checksum(ip, transport_->offset);
  }
  uint8_t* tcp = ip + transport_->offset;
  store_be32(tcp + 4, load_be32(tcp + 4) + static_cast<uint32_t>(done_));
  if (!last) tcp[13] &= static_cast<uint8_t>(~(kFin | kPsh));
  if (!first) tcp[13] &= static_cast<uint8_t>(~kCwr);
  const size_t segment = transport_->header_bytes + std::min(segment_bytes_, payload);
  store_be16(tcp + transport_->checksum_offset, wire::pseudo_header_sum({ip, total}, *transport_, segment));
  done_ += payload;
  ++pieces_;
  finished_ = last;
  return total;
}

}  // namespace cuttle
