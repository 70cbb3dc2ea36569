#include "node/receiving.hh"

#include <algorithm>

#include "node/offload.hh"

namespace cuttle {

namespace {

bool is_in(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

void deliver(Lane& lane, Bytes packet) {
  const auto ends = wire::inner_ends(packet);
  if (!ends) {
    lane.packets.unreadable.add();
    return;
  }
  if (!is_in(lane.allowed_sources, ends->source)) {
    lane.packets.foreign_source.add();
    return;
  }
  if (!lane.allowed_destinations.empty() && !is_in(lane.allowed_destinations, ends->destination)) {
    lane.packets.foreign_destination.add();
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

void handle_datagram(Lane& lane, const WakeUp& control, Instant arrived, Bytes datagram) {
  switch (lane.receiver.handle_datagram(arrived, datagram)) {
    case Received::dropped:
      return;
    case Received::handshake:
      if (!lane.handshake_mac->verify(datagram)) {
        lane.packets.handshake_mac_wrong.add();
      } else if (lane.handshakes_in.push(datagram, arrived)) {
        control.set();
      } else {
        lane.packets.handshakes_lost.add();
      }
      return;
    case Received::first_of_session:
      lane.confirmed_session.store(lane.receiver.current_session(), std::memory_order_release);
      control.set();
      break;
    case Received::cell:
      break;
  }
  while (auto packet = lane.receiver.poll_packet()) deliver(lane, *packet);
}

}  // namespace

void obey_as_receiver(Lane& lane) {
  while (auto command = lane.to_receiver.pop()) {
    if (auto* key = std::get_if<ReceiveKey>(&*command)) {
      lane.receiver.handle_key(std::move(*key));
    } else if (auto* expect = std::get_if<ExpectMac>(&*command)) {
      lane.handshake_mac = std::move(expect->mac);
    } else {
      lane.receiver.handle_forget(std::get<ForgetSessionsBefore>(*command).session);
    }
  }
  while (auto aead = lane.receiver.poll_retired()) {
    if (!lane.retired_by_receiver.push(std::move(aead))) break;
  }
}

bool receive_train(Lane& lane, const WakeUp& control, const MonotonicClock& clock, MutableBytes buffer) {
  const auto received = lane.socket.receive(buffer);
  if (!received) return false;
  // What waited while this thread was busy arrived when it did: what follows from it must not show the
  // thread.
  lane.last_arrival = std::max(lane.last_arrival, clock.now() - received->waited);
  const size_t segment = received->segment_bytes;
  for (size_t at = 0; at < received->bytes; at += segment) {
    handle_datagram(lane, control, lane.last_arrival,
                    {buffer.data() + at, std::min(segment, received->bytes - at)});
  }
  const bool whole_train =
      received->bytes >= lane.sender.plan().cells_per_release() * lane.format.cell_bytes();
  return !whole_train || received->bytes + lane.format.cell_bytes() > buffer.size();
}

}  // namespace cuttle
