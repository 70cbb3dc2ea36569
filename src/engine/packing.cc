#include "engine/packing.hh"

#include <algorithm>
#include <array>

#include "engine/offload.hh"
#include "wire/inner_packet.hh"

namespace cuttle {

namespace {

// A packet should survive with this probability at least, as far as its length can help.
constexpr uint32_t kTolerableLoss_65536ths = 655;  // 1 %

// The longest inner packet worth sending while this share of cells is lost: longer ones die too often with
// one of their cells.
size_t longest_packet_under_loss(uint16_t loss_65536ths, const wire::CellFormat& format) {
  if (loss_65536ths == 0) return Packer::kLargestPacketBytes;
  const size_t cells = std::max<size_t>(kTolerableLoss_65536ths / loss_65536ths, 1);
  return std::min(Packer::kLargestPacketBytes, cells * format.data_bytes());
}

}  // namespace

Packing::Packing() : pieces_(1), whole_(kLargestTunPacketBytes), piece_(kLargestTunPacketBytes) {}

void Packing::add(const Lane& lane) {
  pieces_.resize(std::max(pieces_.size(), 1 + LanePacker::max_pieces(lane.format)));
}

Packing::Outcome Packing::pack(Lane& lane, const Losses& losses, int max) {
  for (int i = 0; i < max; ++i) {
    if (const Outcome outcome = finish(lane, begin(lane, losses)); outcome != Outcome::more) return outcome;
  }
  return Outcome::more;
}

Packing::Begun Packing::begin(Lane& lane, const Losses& losses) {
  lane.packer.set_loss_report(losses.ours_65536ths);
  size_t longest_bytes = longest_packet_under_loss(losses.peers_65536ths, lane.format);
  // No longer than an interface there may take.
  if (lane.foreign_peer) longest_bytes = std::min<size_t>(longest_bytes, lane.inner_mtu);
  const bool waiting = lane.packer.handle_waiting();
  if (longest_bytes < Packer::kLargestPacketBytes) return {std::nullopt, longest_bytes, waiting};
  return {lane.packer.poll_room(), longest_bytes, waiting};
}

Packing::Outcome Packing::finish(Lane& lane, Begun begun) {
  const bool came = begun.room ? read(lane, *begun.room) : read_to_cut(lane, begun.longest_bytes);
  if (came) return Outcome::more;
  return begun.waiting ? Outcome::no_room : Outcome::drained;
}

bool Packing::read(Lane& lane, LanePacker::Room& room) {
  const size_t bytes = read_to(lane, room.pieces());
  if (bytes != 0 && prepare(lane, room.pieces(), bytes)) room.commit(bytes);
  return bytes != 0;
}

bool Packing::read_to_cut(Lane& lane, size_t longest_bytes) {
  const iovec room{whole_.data(), whole_.size()};
  const size_t bytes = read_to(lane, std::span(&room, 1));
  if (bytes == 0) return false;
  if (!prepare(lane, std::span(&room, 1), bytes)) return true;
  Segmenter segmenter({whole_.data(), bytes}, header_.gso_bytes, longest_bytes);
  while (const auto piece = segmenter.poll_piece(piece_)) {
    if (lane.foreign_peer) complete_checksum({piece_.data(), *piece});
    lane.packer.handle_copy({piece_.data(), *piece});
  }
  return true;
}

// False: it is dropped.
bool Packing::prepare(Lane& lane, std::span<const iovec> room, size_t bytes) {
  std::array<uint8_t, wire::kMaxHeaderBytes> memory;
  if (is_own_cell(first_bytes(room, bytes, memory), bytes, lane.cell_ends)) {
    lane.own_cells.add();
    return false;
  }
  if (prepare_for_cells(header_, room, bytes)) return true;
  lane.checksum_wrong.add();
  return false;
}

// The packet's bytes, or 0 when none waits.
size_t Packing::read_to(Lane& lane, std::span<const iovec> room) {
  pieces_[0] = {&header_, kVirtioHeaderBytes};
  std::copy(room.begin(), room.end(), pieces_.begin() + 1);
  const ssize_t got = lane.tun.readv(std::span(pieces_).first(1 + room.size()));
  return got > static_cast<ssize_t>(kVirtioHeaderBytes) ? static_cast<size_t>(got) - kVirtioHeaderBytes : 0;
}

}  // namespace cuttle
