// The receiver's thread of a simulated node: one train of one lane at a time, as src/node/receiver_loop.cc
// does it.
#include "engine/receiving.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

void SimNode::receive(NodeNumber source, uint8_t lane, SimNetwork::SharedBytes bytes) {
  SimLane& sim = *link_of(source).lanes[lane];
  if (sim.socket->put(std::move(bytes))) kick_receiver(sim);
}

void SimNode::kick_receiver(SimLane& sim) {
  if (std::exchange(sim.is_received, true)) return;
  receiver_->post([this, &sim] { return receive(sim); }, [this, &sim] { received(sim); });
}

Duration SimNode::receive(SimLane& sim) {
  Lane& lane = *sim.lane;
  woke_control_ = guarded("receive_train", [&] {
    if (sees_control()) drain_for_receiver(lane);
    return receive_train(lane, {buffer_.get(), kReceiveBufferBytes}).for_control;
  });
  return sim.socket->cost_of_received(setup_.format.cell_bytes()) + sim.device->cost_of_written(setup_.cost);
}

// What was written is there for the host, and the control thread is awake.
void SimNode::received(SimLane& sim) {
  sim.is_received = false;
  if (woke_control_) kick_control();
  const Link& link = *links_[sim.link];
  for (const SimDevice::Packet& packet : sim.device->take_written()) {
    if (link.reading) world_.delivered(setup_.number, link.peer, packet);
  }
  if (!sim.socket->empty()) kick_receiver(sim);
}

}  // namespace cuttle::sim
