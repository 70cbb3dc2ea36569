// Stages 4 to 8 of a simulated node: datagrams in the order of their arrival, out of a bounded socket buffer.
#include <algorithm>

#include "sim/sim_node.hh"
#include "wire/inner_packet.hh"

namespace cuttle::sim {

namespace {

constexpr size_t kSocketBufferDatagrams = 4096;
constexpr Duration kFilter = nanoseconds(80);

}  // namespace

void SimNode::receive(NodeNumber source, Bytes datagram) {
  if (receiver_->waiting() >= kSocketBufferDatagrams) return;
  Link& link = link_of(source);
  const Instant arrived = local_now();
  auto copy = std::make_shared<std::vector<uint8_t>>(datagram.begin(), datagram.end());
  receiver_->post([this, &link, arrived, copy] { return open(link, arrived, *copy); },
                  [this, &link, arrived, copy] {
                    if (received_ == Received::handshake) {
                      if (link.handshakes_in.size() < 64) link.handshakes_in.push_back({*copy, arrived});
                      kick_control();
                      return;
                    }
                    if (received_ == Received::first_of_session) {
                      link.confirmed_session = link.receiver.current_session();
                      kick_control();
                    }
                    deliver(link, opened_);
                  });
}

void SimNode::obey_receiver(Link& link) {
  for (; !link.to_receiver.empty(); link.to_receiver.pop_front()) {
    auto& command = link.to_receiver.front();
    if (auto* key = std::get_if<ReceiveKey>(&command)) {
      link.receiver.handle_key(std::move(*key));
    } else {
      link.receiver.handle_forget(std::get<Forget>(command).session);
    }
  }
  while (link.receiver.poll_retired() != nullptr) {
  }
}

Duration SimNode::open(Link& link, Instant arrived, Bytes datagram) {
  obey_receiver(link);
  opened_.clear();
  received_ = guarded("LaneReceiver::handle_datagram",
                      [&] { return link.receiver.handle_datagram(arrived, datagram); });
  if (received_ == Received::dropped || received_ == Received::handshake) {
    return datagram.size() == setup_.format.cell_bytes() ? setup_.cost.open_cell : kFilter;
  }
  Duration cost = setup_.cost.open_cell;
  for (;;) {
    const auto packet = guarded("LaneReceiver::poll_packet", [&] { return link.receiver.poll_packet(); });
    if (!packet) break;
    opened_.emplace_back(packet->begin(), packet->end());
    cost = cost + setup_.cost.write(packet->size());
  }
  return cost;
}

void SimNode::deliver(Link& link, const std::vector<std::vector<uint8_t>>& packets) {
  for (const auto& packet : packets) {
    if (!link.reading) continue;
    host_.delivered(setup_.number, link.peer, packet);
  }
}

}  // namespace cuttle::sim
