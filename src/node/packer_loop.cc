#include "node/packer_loop.hh"

#include <algorithm>

namespace cuttle {

namespace {

// Packets taken from one TUN before the others have their turn.
constexpr int kTurn = 64;
constexpr uint64_t kWakeUpTag = UINT64_MAX;
// A packet should survive with this probability at least, as far as its length can help.
constexpr uint32_t kTolerableLoss_65536ths = 655;  // 1 %

}  // namespace

size_t longest_packet_under_loss(uint16_t loss_65536ths, const wire::CellFormat& format) {
  if (loss_65536ths == 0) return Packer::kLargestPacketBytes;
  const size_t cells = std::max<size_t>(kTolerableLoss_65536ths / loss_65536ths, 1);
  return std::min(Packer::kLargestPacketBytes, cells * format.data_bytes());
}

Result<std::unique_ptr<PackerLoop>> PackerLoop::create(std::vector<Lane*> lanes, bool spin) {
  auto events = EventQueue::create();
  if (!events) return tl::unexpected(events.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  if (auto added = events->add(wake_up->fd(), kWakeUpTag, EventQueue::Trigger::level); !added) {
    return tl::unexpected(added.error());
  }
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (auto added = events->add(lanes[i]->tun.fd(), i, EventQueue::Trigger::edge); !added) {
      return tl::unexpected(added.error());
    }
  }
  return std::unique_ptr<PackerLoop>(
      new PackerLoop(std::move(lanes), std::move(*events), std::move(*wake_up), spin));
}

PackerLoop::PackerLoop(std::vector<Lane*> lanes, EventQueue events, WakeUp wake_up, bool spin)
    : events_(std::move(events)), wake_up_(std::move(wake_up)), spin_(spin) {
  sources_.reserve(lanes.size());
  for (Lane* lane : lanes) {
    Source& source = sources_.emplace_back();
    source.lane = lane;
    source.pieces.resize(1 + Packer::most_slots_per_packet(lane->format));
    source.scratch.resize(kLargestTunPacketBytes);
    source.piece.resize(kLargestTunPacketBytes);
  }
}

void PackerLoop::run(const std::atomic<bool>& stop) {
  std::array<uint64_t, 64> ready;
  while (!stop.load(std::memory_order_relaxed)) {
    std::optional<Duration> timeout;
    for (Source& source : sources_) {
      if (source.outcome == Outcome::drained) continue;
      source.outcome = pack(source);
      // The pacer wakes nobody: that would be work that depends on payload. So look again after a slot.
      if (source.outcome == Outcome::no_room) {
        const Duration slot = source.lane->sender.plan().period();
        timeout = timeout ? std::min(*timeout, slot) : slot;
      } else if (source.outcome == Outcome::more) {
        timeout = Duration{0};
      }
    }
    if (spin_) timeout = Duration{0};
    const size_t count = events_.wait(ready, timeout);
    for (size_t i = 0; i < count; ++i) {
      if (ready[i] == kWakeUpTag) {
        wake_up_.clear();
      } else {
        sources_[ready[i]].outcome = Outcome::more;
      }
    }
  }
}

PackerLoop::Outcome PackerLoop::pack(Source& source) {
  Lane& lane = *source.lane;
  lane.packer.set_loss_report(lane.receiver.loss_65536ths());
  const size_t longest = longest_packet_under_loss(lane.receiver.reported_loss_65536ths(), lane.format);
  for (int i = 0; i < kTurn; ++i) {
    if (source.cutting && !put_pieces(source)) return Outcome::no_room;
    const Outcome outcome =
        longest < Packer::kLargestPacketBytes ? pack_cut(source, longest) : pack_in_place(source);
    if (outcome != Outcome::more) return outcome;
  }
  return Outcome::more;
}

PackerLoop::Outcome PackerLoop::pack_in_place(Source& source) {
  Lane& lane = *source.lane;
  const size_t pieces = lane.packer.poll_room(std::span(source.pieces).subspan(1));
  if (pieces == 0) return Outcome::no_room;
  source.pieces[0] = {&source.header, kVirtioHeaderBytes};
  const ssize_t read = lane.tun.readv(std::span(source.pieces).first(1 + pieces));
  if (read <= static_cast<ssize_t>(kVirtioHeaderBytes)) {
    lane.packer.handle_nothing();
    return Outcome::drained;
  }
  const size_t bytes = static_cast<size_t>(read) - kVirtioHeaderBytes;
  if (!lane.packer.handle_packet(bytes)) return Outcome::more;  // counted by the packer
  lane.packets.packets_in.add();
  lane.packets.bytes_in.add(bytes);
  return Outcome::more;
}

PackerLoop::Outcome PackerLoop::pack_cut(Source& source, size_t longest) {
  Lane& lane = *source.lane;
  if (!lane.packer.has_room()) return Outcome::no_room;
  const std::array<iovec, 2> pieces{
      {{&source.header, kVirtioHeaderBytes}, {source.scratch.data(), source.scratch.size()}}};
  const ssize_t read = lane.tun.readv(pieces);
  if (read <= static_cast<ssize_t>(kVirtioHeaderBytes)) return Outcome::drained;
  const size_t bytes = static_cast<size_t>(read) - kVirtioHeaderBytes;
  if (bytes > Packer::kLargestPacketBytes) {
    lane.packets.oversized.add();
    return Outcome::more;
  }
  source.cutting.emplace(Bytes(source.scratch.data(), bytes), source.header.gso_bytes, longest);
  lane.packets.packets_in.add();
  lane.packets.bytes_in.add(bytes);
  return put_pieces(source) ? Outcome::more : Outcome::no_room;
}

bool PackerLoop::put_pieces(Source& source) {
  while (source.lane->packer.has_room()) {
    const auto bytes = source.cutting->poll_piece(source.piece);
    if (!bytes) {
      source.cutting.reset();
      return true;
    }
    const bool taken = source.lane->packer.handle_copy({source.piece.data(), *bytes});
    CUTTLE_CHECK(taken, "there was room");
  }
  return false;
}

}  // namespace cuttle
