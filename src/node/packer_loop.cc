#include "node/packer_loop.hh"

#include <algorithm>
#include <optional>
#include <thread>

namespace cuttle {

namespace {

// Packets taken from one TUN before the others have their turn.
constexpr int kTurn = 64;
constexpr uint64_t kWakeUpTag = 0;
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
  std::unique_ptr<PackerLoop> loop(new PackerLoop(std::move(*events), std::move(*wake_up), spin));
  for (Lane* lane : lanes) {
    loop->serve(std::make_unique<Source>(Source{lane}));
    if (auto added = loop->watch(*loop->sources_.back()); !added) return tl::unexpected(added.error());
  }
  return loop;
}

PackerLoop::PackerLoop(EventQueue events, WakeUp wake_up, bool spin)
    : events_(std::move(events)),
      wake_up_(std::move(wake_up)),
      spin_(spin),
      whole_(kLargestTunPacketBytes),
      piece_(kLargestTunPacketBytes) {}

void PackerLoop::serve(std::unique_ptr<Source> source) {
  const size_t pieces = 1 + LanePacker::most_pieces(source->lane->format);
  pieces_.resize(std::max(pieces_.size(), pieces));
  sources_.push_back(std::move(source));
}

Result<void> PackerLoop::watch(Source& source) {
  return events_.add(source.lane->tun.fd(), reinterpret_cast<uintptr_t>(&source), EventQueue::Trigger::edge);
}

Result<void> PackerLoop::add(Lane& lane) {
  coming_ = std::make_unique<Source>(Source{&lane});
  Source* source = coming_.get();
  change_.join(lane, [this] { wake_up(); });
  auto added = watch(*source);
  if (!added) remove(lane);
  return added;
}

void PackerLoop::remove(Lane& lane) {
  events_.remove(lane.tun.fd());
  change_.leave(lane, [this] { wake_up(); });
}

void PackerLoop::run(const std::atomic<bool>& stop) {
  std::array<uint64_t, 64> ready;
  while (!stop.load(std::memory_order_relaxed)) {
    // Not between the events of one wait, which may speak of a lane that leaves.
    change_.poll([&](Lane& /*lane*/) { serve(std::move(coming_)); },
                 [&](Lane& lane) {
                   std::erase_if(sources_, [&](const auto& source) { return source->lane == &lane; });
                 });
    std::optional<Duration> timeout;
    for (const auto& at : sources_) {
      Source& source = *at;
      if (source.outcome == Outcome::drained) continue;
      source.outcome = pack(*source.lane);
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
    if (spin_ && count == 0) std::this_thread::yield();  // to the receiver, where they share a CPU
    for (size_t i = 0; i < count; ++i) {
      if (ready[i] == kWakeUpTag) {
        wake_up_.clear();
      } else {
        reinterpret_cast<Source*>(ready[i])->outcome = Outcome::more;
      }
    }
  }
}

PackerLoop::Outcome PackerLoop::pack(Lane& lane) {
  lane.packer.set_loss_report(lane.receiver.loss_65536ths());
  const size_t longest = longest_packet_under_loss(lane.receiver.reported_loss_65536ths(), lane.format);
  for (int i = 0; i < kTurn; ++i) {
    const bool waiting = lane.packer.handle_waiting();
    const bool came = longest < Packer::kLargestPacketBytes ? read_to_cut(lane, longest) : read(lane);
    if (!came) return waiting ? Outcome::no_room : Outcome::drained;
  }
  return Outcome::more;
}

bool PackerLoop::read(Lane& lane) {
  const size_t bytes = read_to(lane, lane.packer.poll_room());
  if (bytes == 0) {
    lane.packer.handle_nothing();
  } else {
    lane.packer.handle_packet(bytes);
  }
  return bytes != 0;
}

bool PackerLoop::read_to_cut(Lane& lane, size_t longest) {
  const iovec room{whole_.data(), whole_.size()};
  const size_t bytes = read_to(lane, std::span(&room, 1));
  if (bytes == 0) return false;
  Segmenter segmenter({whole_.data(), bytes}, header_.gso_bytes, longest);
  while (const auto piece = segmenter.poll_piece(piece_)) lane.packer.handle_copy({piece_.data(), *piece});
  return true;
}

// The packet's octets, or 0 when none waits.
size_t PackerLoop::read_to(Lane& lane, std::span<const iovec> room) {
  pieces_[0] = {&header_, kVirtioHeaderBytes};
  std::copy(room.begin(), room.end(), pieces_.begin() + 1);
  const ssize_t got = lane.tun.readv(std::span(pieces_).first(1 + room.size()));
  return got > static_cast<ssize_t>(kVirtioHeaderBytes) ? static_cast<size_t>(got) - kVirtioHeaderBytes : 0;
}

}  // namespace cuttle
