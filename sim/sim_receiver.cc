// The receiver's thread of a simulated node: one train of one lane at a time, as src/node/receiver_loop.cc
// does it.
#include "engine/receiving.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

void SimNode::receive(NodeNumber source, uint8_t lane, SimNetwork::SharedBytes bytes) {
  const Link* link = find_link(source);
  if (link == nullptr) return;  // nobody has the port
  SimLane& sim = *link->lanes[lane];
  if (sim.socket->put(std::move(bytes))) kick_receiver(sim);
}

void SimNode::kick_receiver(SimLane& sim) {
  if (!sim.has_receiver || std::exchange(sim.is_received, true)) return;
  receiver_->post([this, &sim] { return receive(sim); }, [this, &sim] { received(sim); });
}

Duration SimNode::receive(SimLane& sim) {
  Lane& lane = *sim.lane;
  woke_handshakes_ = false;
  if (!sim.has_receiver) return {};  // it left meanwhile
  const TrainReceived received = guarded("receive_train", [&] {
    drain_for_receiver(lane);
    return receive_train(lane, {buffer_.get(), kReceiveBufferBytes});
  });
  woke_handshakes_ = received.for_handshakes;
  woke_packer_ = received.for_packer;
  Duration cost = sim.socket->cost_of_received(setup_.format.cell_bytes());
  for (const auto& each : lanes_) cost = cost + each->device->cost_of_written(setup_.cost);
  return cost;
}

// What was written is there for the host, and the handshakes' thread is awake.
void SimNode::received(SimLane& sim) {
  sim.is_received = false;
  if (woke_handshakes_) kick_handshakes();
  if (woke_packer_) kick_packer();
  // What a relay brought is for another link.
  if (relay_) {
    for (const auto& each : lanes_) hand_over(*each);
  } else {
    hand_over(sim);
  }
  if (!sim.socket->empty()) kick_receiver(sim);
}

void SimNode::hand_over(SimLane& sim) {
  for (HostPacket& packet : sim.device->take_written()) {
    for (const auto& each : received_by_host(std::move(packet))) {
      if (sim.link->reading) world_.delivered(setup_.number, sim.link->peer, each);
    }
  }
}

// Its work for lanes that leave was queued before this.
void SimNode::kick_receivers_change() {
  receiver_->post([this] {
    receivers_change_.poll(
        [this](Lane& lane) {
          SimLane& sim = sim_of(lane);
          if (relay_) relay_->receiving().add(lane);
          sim.has_receiver = true;
          if (!sim.socket->empty()) kick_receiver(sim);
        },
        [this](Lane& lane) {
          if (relay_) relay_->receiving().remove(lane);
          sim_of(lane).has_receiver = false;
        });
    return Duration{};
  });
}

}  // namespace cuttle::sim
