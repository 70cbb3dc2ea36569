#include "engine/receiving.hh"

#include <algorithm>
#include <array>

#include "engine/offload.hh"
#include "engine/relay_node.hh"
#include "engine/virtio_header.hh"
#include "wire/inner_packet.hh"
#include "wire/ladder_message.hh"
#include "wire/node_addresses.hh"

namespace cuttle {

namespace {

// Of no host: whatever else it is, it never gets to the TUN.
void keep_ladder(Lane& lane, Bytes packet) {
  if (lane.ladder == nullptr) {
    lane.packets.foreign_source.add();
    return;
  }
  const auto message = wire::load_ladder(packet);
  if (!message) {
    lane.ladder->malformed.add();
  } else if (!lane.ladder->in.push(*message)) {
    lane.ladder->lost.add();
  }
}

// The same.
void keep_relay(Lane& lane, Instant now, Bytes packet) {
  if (lane.relay == nullptr) {
    lane.packets.foreign_source.add();
    return;
  }
  lane.relay->node.receiving().handle_packet(lane, now, packet);
}

void to_host(Lane& lane, const wire::InnerEnds& ends, Bytes packet) {
  if (!any_contains(lane.allowed_sources, ends.source)) {
    lane.packets.foreign_source.add();
    return;
  }
  if (!lane.allowed_destinations.empty() && !any_contains(lane.allowed_destinations, ends.destination)) {
    lane.packets.foreign_destination.add();
    return;
  }
  // The packet lies in the reassembler's own buffer, which nothing else reads.
  auto* bytes = const_cast<uint8_t*>(packet.data());
  VirtioHeader header = describe_for_tun({bytes, packet.size()}, lane.inner_mtu);
  const std::array<iovec, 2> pieces{{{&header, kVirtioHeaderBytes}, {bytes, packet.size()}}};
  if (lane.tun.writev(pieces) < 0) {
    lane.packets.tun_refused.add();
    return;
  }
  lane.packets.packets_out.add();
  lane.packets.bytes_out.add(packet.size());
}

void deliver(Lane& lane, Instant now, Bytes packet) {
  const auto ends = wire::inner_ends(packet);
  if (!ends) {
    lane.packets.unreadable.add();
    return;
  }
  if (wire::may_be_node_address(ends->source)) {
    if (ends->source == wire::kLadderAddress) return keep_ladder(lane, packet);
    if (ends->source == wire::kRelayAddress) return keep_relay(lane, now, packet);
  }
  to_host(lane, *ends, packet);
}

// True when it is for the handshakes' thread.
bool keep_handshake(Lane& lane, Instant arrived, Bytes cell) {
  if (!lane.handshake_mac->verify(cell)) {
    lane.packets.handshake_mac_wrong.add();
    return false;
  }
  if (lane.index == 0 && lane.handshakes_in.push(cell, arrived)) return true;
  lane.packets.handshakes_lost.add();
  return false;
}

// The same.
bool open_datagram(Lane& lane, Instant arrived, Bytes datagram) {
  const Instant set_back_at = lane.receiver.set_back_at();
  const Received received = lane.receiver.handle_datagram(arrived, datagram);
  const bool is_set_back = lane.receiver.set_back_at() != set_back_at;
  if (is_set_back && lane.index == 0) lane.told.push({0, arrived});
  if (received == Received::dropped) return is_set_back;
  if (received == Received::handshake) return keep_handshake(lane, arrived, datagram);
  const bool is_first = received == Received::first_of_session;
  if (is_first && lane.index == 0) lane.told.push({lane.receiver.current_session(), arrived});
  while (auto packet = lane.receiver.poll_packet()) deliver(lane, arrived, *packet);
  return is_first || is_set_back;
}

}  // namespace

// Nothing of what nodes tell each other comes sealed in a relayed packet.
void deliver_to_host(Lane& lane, Bytes packet) {
  const auto ends = wire::inner_ends(packet);
  if (!ends) {
    lane.packets.unreadable.add();
  } else if (wire::may_be_node_address(ends->source)) {
    lane.packets.foreign_source.add();
  } else {
    to_host(lane, *ends, packet);
  }
}

void drain_for_receiver(Lane& lane) {
  if (lane.relay != nullptr) lane.relay->node.receiving().drain(lane);
  while (auto command = lane.to_receiver.pop()) {
    if (auto* key = std::get_if<ReceiveKey>(&*command)) {
      lane.receiver.handle_key(std::move(*key));
    } else if (auto* expect = std::get_if<ExpectMac>(&*command)) {
      lane.handshake_mac = std::move(expect->mac);
    } else if (auto* one = std::get_if<ForgetOneSession>(&*command)) {
      lane.receiver.handle_unconfirmed(one->session);
    } else {
      const auto& before = std::get<ForgetSessionsBefore>(*command);
      lane.receiver.handle_forget(before.session, before.from);
    }
  }
  while (auto aead = lane.receiver.poll_retired()) {
    if (!lane.retired_by_receiver.push(std::move(aead))) break;
  }
}

TrainReceived receive_train(Lane& lane, MutableBytes buffer) {
  const auto train = lane.socket.receive(buffer);
  if (!train) return {};
  TrainReceived received;
  lane.receiver.handle_drops(train->dropped_before);
  for (size_t at = 0; at < train->bytes; at += train->segment_bytes) {
    const Bytes datagram(buffer.data() + at, std::min(train->segment_bytes, train->bytes - at));
    if (open_datagram(lane, train->arrived, datagram)) received.for_handshakes = true;
  }
  if (lane.relay != nullptr) {
    RelayReceiving& relay = lane.relay->node.receiving();
    relay.handle_time(train->arrived);
    received.for_packer = relay.poll_passed_on();
  }
  const bool whole_train = train->bytes >= lane.sender.plan().cells_per_release() * lane.format.cell_bytes();
  received.more = !whole_train || train->bytes + lane.format.cell_bytes() > buffer.size();
  return received;
}

}  // namespace cuttle
