#include "engine/packer_stage.hh"

#include <algorithm>
#include <array>

#include "engine/loop_limits.hh"
#include "engine/offload.hh"
#include "engine/relay_node.hh"
#include "wire/inner_packet.hh"
#include "wire/ladder_message.hh"
#include "wire/node_addresses.hh"

namespace cuttle {

namespace {

// A packet should survive with this probability at least, as far as its length can help.
constexpr uint32_t kTolerableLoss_65536ths = 655;  // 1 %

// The longest inner packet worth sending while this share of cells is lost: longer ones die too often with
// one of their cells.
size_t longest_packet_under_loss(uint16_t loss_65536ths, const wire::CellFormat& format) {
  if (loss_65536ths == 0) return RingWriter::kLargestPacketBytes;
  const size_t cells = std::max<size_t>(kTolerableLoss_65536ths / loss_65536ths, 1);
  return std::min(RingWriter::kLargestPacketBytes, cells * format.data_bytes());
}

// A flow of its own, so it does not wait behind what fills the link.
void take_ladder(Lane& lane) {
  if (lane.ladder == nullptr) return;
  while (const auto message = lane.ladder->out.pop()) lane.packer.handle_copy(wire::store_ladder(*message));
}

}  // namespace

PackerStage::PackerStage() : pieces_(1), whole_(kLargestTunPacketBytes), piece_(kLargestTunPacketBytes) {}

void PackerStage::add(const Lane& lane) {
  pieces_.resize(std::max(pieces_.size(), 1 + Packer::max_pieces(lane.format)));
}

bool PackerStage::has_waiting(const Lane& lane) {
  if (lane.ladder != nullptr && !lane.ladder->out.empty()) return true;
  return lane.relay != nullptr && (RelayPacking::has_waiting(lane) || lane.packer.queued_bytes() > 0);
}

std::optional<Duration> PackerStage::look_interval(const Lane& lane) {
  if (lane.relay != nullptr) return kRelayReportInterval;
  if (lane.ladder != nullptr) return kHandshakeInterval;
  return std::nullopt;
}

PackerStage::Outcome PackerStage::pack(Lane& lane, const Losses& losses, int max) {
  for (int i = 0; i < max; ++i) {
    if (const Outcome outcome = finish(lane, begin(lane, losses)); outcome != Outcome::more) return outcome;
  }
  return Outcome::more;
}

PackerStage::Begun PackerStage::begin(Lane& lane, const Losses& losses) {
  lane.packer.set_loss_report(losses.ours_65536ths);
  size_t longest_bytes = longest_packet_under_loss(losses.peers_65536ths, lane.format);
  // No longer than an interface there may take.
  if (lane.foreign_peer) longest_bytes = std::min<size_t>(longest_bytes, lane.inner_mtu);
  take_ladder(lane);
  using Waiting = RelayPacking::Waiting;
  const Waiting others =
      lane.relay != nullptr ? lane.relay->node.packing().pack_waiting(lane) : Waiting::nothing;
  const bool waiting = lane.packer.handle_waiting() || others != Waiting::nothing;
  const bool more = others == Waiting::more;
  if (longest_bytes < RingWriter::kLargestPacketBytes) return {std::nullopt, longest_bytes, waiting, more};
  return {lane.packer.poll_room(), longest_bytes, waiting, more};
}

PackerStage::Outcome PackerStage::finish(Lane& lane, Begun begun) {
  const iovec whole{whole_.data(), whole_.size()};
  const std::span<const iovec> room = begun.room ? begun.room->pieces() : std::span(&whole, 1);
  pieces_[0] = {&header_, kVirtioHeaderBytes};
  std::copy(room.begin(), room.end(), pieces_.begin() + 1);
  const ssize_t got = lane.tun.readv(std::span(pieces_).first(1 + room.size()));
  if (got <= static_cast<ssize_t>(kVirtioHeaderBytes)) {
    if (begun.more) return Outcome::more;
    return begun.waiting ? Outcome::no_room : Outcome::drained;
  }
  const size_t bytes = static_cast<size_t>(got) - kVirtioHeaderBytes;
  std::array<uint8_t, wire::kMaxHeaderBytes> memory;
  const Bytes first = first_bytes(room, bytes, memory);
  if (is_own_cell(first, bytes, lane.cell_ends)) {
    lane.own_cells.add();
  } else if (wire::claims_node(first)) {
    lane.ladder_forged.add();
  } else if (!prepare_for_cells(header_, room, bytes)) {
    lane.checksum_wrong.add();
  } else if (lane.relay != nullptr &&
             lane.relay->node.packing().handle_packet(lane, first, room, bytes, header_.gso_bytes)) {
    // It went, by whichever way.
  } else if (begun.room) {
    begun.room->commit(bytes);
  } else {
    cut(lane, bytes, begun.longest_bytes);
  }
  return Outcome::more;
}

// The packet in whole_, in pieces no longer than that.
void PackerStage::cut(Lane& lane, size_t bytes, size_t longest_bytes) {
  Segmenter segmenter({whole_.data(), bytes}, header_.gso_bytes, longest_bytes);
  while (const auto piece = segmenter.poll_piece(piece_)) {
    if (lane.foreign_peer) complete_checksum({piece_.data(), *piece});
    lane.packer.handle_copy({piece_.data(), *piece});
  }
}

}  // namespace cuttle
