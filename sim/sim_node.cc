#include "sim/sim_node.hh"

#include <algorithm>

namespace cuttle::sim {

namespace {

constexpr size_t kTunQueuePackets = 64;

Entropy seeded_entropy(uint64_t seed) {
  return [random = Random(seed)](MutableBytes out) mutable {
    for (auto& octet : out) octet = static_cast<uint8_t>(random.next());
  };
}

AssociationConfig config_of(const NodeSetup& setup, size_t index) {
  return {.keys = {.own = setup.own_key, .peer = setup.peers[index].second},
          .format = setup.format,
          .lanes = 1,
          .rate_bps = 0,
          .slot_ns = static_cast<uint64_t>(setup.plan.period().ns)};
}

}  // namespace

SimNode::Link::Link(const NodeSetup& setup, size_t index, Instant epoch)
    : peer(setup.peers[index].first),
      ring(setup.format, lane_sizes(setup.plan, setup.format).ring_slots),
      packer(ring),
      sender(ring, setup.plan, epoch, setup.seed + 17 * index),
      receiver(setup.format, lane_sizes(setup.plan, setup.format).reorder_cells,
               lane_sizes(setup.plan, setup.format).lost_cell_timer),
      association(config_of(setup, index), seeded_entropy(setup.seed + 31 * index + 1)) {}

SimNode::SimNode(Host host, NodeSetup setup)
    : host_(std::move(host)),
      setup_(std::move(setup)),
      packer_(std::make_unique<SimThread>(host_.loop)),
      receiver_own_(std::make_unique<SimThread>(host_.loop)),
      control_own_(std::make_unique<SimThread>(host_.loop)),
      receiver_(setup_.shared_core ? packer_.get() : receiver_own_.get()),
      control_(setup_.shared_core ? packer_.get() : control_own_.get()),
      room_(Packer::most_slots_per_packet(setup_.format)),
      queue_(setup_.seed + 5) {
  if (setup_.by_queue) {
    Draws draws(setup_.seed + 6);
    auto table = PauseTable::draw(draws, static_cast<uint32_t>(setup_.format.cell_bytes()) + 42);
    CUTTLE_CHECK(table.has_value(), "cells are long enough for pauses");
    queue_clock_.emplace(std::move(*table));
  }
  Random phase(setup_.seed ^ 0x9a5e);
  for (size_t i = 0; i < setup_.peers.size(); ++i) {
    const auto within = static_cast<int64_t>(phase.below(static_cast<uint64_t>(setup_.plan.period().ns)));
    links_.push_back(std::make_unique<Link>(setup_, i, local_now() + milliseconds(1) + Duration{within}));
    turns_.handle_join(links_.back()->sender);
  }
  await_slot();
  await_tick();
}

SimNode::~SimNode() {
  *alive_ = false;
}

SimNode::Link& SimNode::link_of(NodeNumber peer) {
  for (auto& link : links_) {
    if (link->peer == peer) return *link;
  }
  CUTTLE_CHECK(false, "every pair of nodes that talk has a link");
}

const SimNode::Link& SimNode::link_of(NodeNumber peer) const {
  return const_cast<SimNode*>(this)->link_of(peer);
}

size_t SimNode::queue_room(NodeNumber peer) const {
  return kTunQueuePackets - link_of(peer).tun_queue.size();
}

void SimNode::send_packet(NodeNumber peer, std::vector<uint8_t> packet) {
  Link& link = link_of(peer);
  if (link.tun_queue.size() == kTunQueuePackets) return;
  link.tun_queue.push_back(std::move(packet));
  if (setup_.mutant != Mutant::pack_on_pacer) kick_packer();
}

void SimNode::set_reading(NodeNumber peer, bool reading) {
  link_of(peer).reading = reading;
}

void SimNode::pause_pacer(Duration duration) {
  pacer_free_ = std::max(pacer_free_, host_.loop.now() + duration);
}

bool SimNode::up(NodeNumber peer) const {
  const Link& link = link_of(peer);
  return link.association.state(local_now(), link.receiver.last_authentic()) == Association::State::up;
}

const Association& SimNode::association(NodeNumber peer) const {
  return link_of(peer).association;
}

}  // namespace cuttle::sim
