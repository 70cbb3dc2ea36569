#include "node/receiver_loop.hh"

#include <algorithm>
#include <cerrno>

#include "node/offload.hh"

namespace cuttle {

namespace {

constexpr uint64_t kWakeUpTag = UINT64_MAX;
// The longest train that GRO hands over.
constexpr size_t kBufferBytes = 65536;
// Trains, or single datagrams, taken from one socket before the others have their turn.
constexpr int kTurn = 64;

}  // namespace

Result<std::unique_ptr<ReceiverLoop>> ReceiverLoop::create(std::vector<Lane*> lanes, const WakeUp& control,
                                                           bool spin) {
  auto events = EventQueue::create();
  if (!events) return tl::unexpected(events.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  if (auto added = events->add(wake_up->fd(), kWakeUpTag, EventQueue::Trigger::level); !added) {
    return tl::unexpected(added.error());
  }
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (auto added = events->add(lanes[i]->socket.fd(), i, EventQueue::Trigger::level); !added) {
      return tl::unexpected(added.error());
    }
  }
  return std::unique_ptr<ReceiverLoop>(
      new ReceiverLoop(std::move(lanes), control, std::move(*events), std::move(*wake_up), spin));
}

ReceiverLoop::ReceiverLoop(std::vector<Lane*> lanes, const WakeUp& control, EventQueue events, WakeUp wake_up,
                           bool spin)
    : lanes_(std::move(lanes)),
      control_(control),
      events_(std::move(events)),
      wake_up_(std::move(wake_up)),
      spin_(spin),
      buffer_(std::make_unique<uint8_t[]>(kBufferBytes)) {}

void ReceiverLoop::run(const std::atomic<bool>& stop) {
  std::array<uint64_t, 64> ready;
  while (!stop.load(std::memory_order_relaxed)) {
    const size_t count = events_.wait(ready, spin_ ? std::optional(Duration{0}) : std::nullopt);
    for (size_t i = 0; i < count; ++i) {
      if (ready[i] == kWakeUpTag) {
        wake_up_.clear();
        for (Lane* lane : lanes_) obey(*lane);
        continue;
      }
      Lane& lane = *lanes_[ready[i]];
      obey(lane);
      for (int turn = 0; turn < kTurn && receive(lane); ++turn) {
      }
    }
  }
}

void ReceiverLoop::obey(Lane& lane) {
  while (auto command = lane.to_receiver.pop()) {
    if (auto* key = std::get_if<ReceiveKey>(&*command)) {
      lane.receiver.handle_key(std::move(*key));
    } else {
      lane.receiver.handle_forget(std::get<ForgetSessionsBefore>(*command).session);
    }
  }
  while (auto aead = lane.receiver.poll_retired()) {
    if (!lane.retired_by_receiver.push(std::move(aead))) break;
  }
}

// True when more may wait: this was less than a slot's cells, so the kernel hands them over in pieces.
bool ReceiverLoop::receive(Lane& lane) {
  const auto received = lane.socket.receive({buffer_.get(), kBufferBytes});
  if (!received) return false;
  const Instant now = clock_.now();
  const size_t segment = received->segment_bytes;
  for (size_t at = 0; at < received->bytes; at += segment) {
    handle_datagram(lane, now, {buffer_.get() + at, std::min(segment, received->bytes - at)});
  }
  const bool whole_slot = received->bytes >= lane.sender.plan().cells_per_slot * lane.format.cell_bytes();
  return !whole_slot || received->bytes + lane.format.cell_bytes() > kBufferBytes;
}

void ReceiverLoop::handle_datagram(Lane& lane, Instant now, Bytes datagram) {
  switch (lane.receiver.handle_datagram(now, datagram)) {
    case Received::dropped:
      return;
    case Received::handshake:
      if (lane.handshakes_in.push(datagram, now)) {
        control_.set();
      } else {
        lane.packets.handshakes_lost.add();
      }
      return;
    case Received::first_of_session:
      lane.confirmed_session.store(lane.receiver.current_session(), std::memory_order_release);
      control_.set();
      break;
    case Received::cell:
      break;
  }
  while (auto packet = lane.receiver.poll_packet()) deliver(lane, *packet);
}

void ReceiverLoop::deliver(Lane& lane, Bytes packet) {
  const auto source = wire::inner_source(packet);
  if (!source) {
    lane.packets.unreadable.add();
    return;
  }
  const bool allowed = std::any_of(lane.allowed_sources.begin(), lane.allowed_sources.end(),
                                   [&](const IpPrefix& prefix) { return prefix.contains(*source); });
  if (!allowed) {
    lane.packets.foreign_source.add();
    return;
  }
  // The packet lies in the reassembler's own buffer, which nothing else reads.
  auto* octets = const_cast<uint8_t*>(packet.data());
  VirtioHeader header = describe_for_tun({octets, packet.size()}, lane.inner_mtu);
  const std::array<iovec, 2> pieces{{{&header, kVirtioHeaderBytes}, {octets, packet.size()}}};
  if (lane.tun.writev(pieces) < 0) {
    lane.packets.tun_refused.add();
    return;
  }
  lane.packets.packets_out.add();
  lane.packets.bytes_out.add(packet.size());
}

}  // namespace cuttle
