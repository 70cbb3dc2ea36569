#include "sim/sim_node.hh"

#include <algorithm>

#include "engine/receiving.hh"

namespace cuttle::sim {

namespace {

// Runs are short.
constexpr ToldAhead kAhead{milliseconds(300), milliseconds(100)};
constexpr LadderTimes kLadderTimes{.need = milliseconds(450),
                                   .say = milliseconds(320),
                                   .ahead = {milliseconds(200), milliseconds(40)},
                                   .again = milliseconds(20),
                                   .settled = milliseconds(40)};

// Says each step about as often as the other.
uint32_t said_for(ladder::Epoch epoch) {
  return static_cast<uint32_t>(epoch * 0x9e3779b97f4a7c15 >> 63);
}

// The address of a node, as in inner.hh, in both families.
std::vector<IpPrefix> prefixes_of(NodeNumber number) {
  std::vector<IpPrefix> prefixes;
  for (const bool is_v6 : {false, true}) {
    const auto ends =
        wire::inner_ends(make_inner({number, number, 0, is_v6}, is_v6 ? kSmallestInnerV6 : kSmallestInnerV4));
    prefixes.push_back({ends->source, static_cast<uint8_t>(ends->source.size() * 8)});
  }
  return prefixes;
}

AssociationConfig config_of(const NodeSetup& setup, const AssociationKeys& keys) {
  return {.keys = keys,
          .format = setup.format,
          .lanes = setup.lanes,
          .rate_bps = 0,
          .slot_ns = static_cast<uint64_t>(setup.plan.period().ns),
          .calendar = setup.ladder     ? setup.ladder->fingerprint()
                      : setup.calendar ? setup.calendar->fingerprint()
                                       : uint16_t{0}};
}

std::optional<SimQueue> queue_of(const NodeSetup& setup) {
  if (!setup.by_queue || setup.by_instants) return std::nullopt;
  Draws draws(setup.seed + 6);
  auto table = PauseTable::draw(draws, static_cast<uint32_t>(setup.format.cell_bytes()) + 42);
  CUTTLE_CHECK(table.has_value(), "cells are long enough for pauses");
  return SimQueue(setup.seed + 5, std::move(*table));
}

std::optional<SimInstantQueue> instant_queue_of(const NodeSetup& setup) {
  if (!setup.by_queue || !setup.by_instants) return std::nullopt;
  return SimInstantQueue(setup.seed + 5);
}

}  // namespace

SimNode::SimNode(World world, NodeSetup setup)
    : world_(std::move(world)),
      setup_(std::move(setup)),
      allocations_(world_.probe),
      queue_(queue_of(setup_)),
      instant_queue_(instant_queue_of(setup_)),
      host_{world_.loop,
            world_.network,
            allocations_,
            world_.checker,
            setup_.clock,
            setup_.cost,
            queue_ ? &*queue_ : nullptr,
            instant_queue_ ? &*instant_queue_ : nullptr,
            setup_.mutant == Mutant::stamped_when_read},
      queue_device_(host_),
      packer_(std::make_unique<SimThread>(world_.loop)),
      receiver_own_(std::make_unique<SimThread>(world_.loop)),
      handshakes_own_(std::make_unique<SimThread>(world_.loop)),
      receiver_(setup_.shared_core ? packer_.get() : receiver_own_.get()),
      handshakes_(setup_.shared_core ? packer_.get() : handshakes_own_.get()),
      paced_(setup_.peers.size() * setup_.lanes),
      buffer_(std::make_unique<uint8_t[]>(kReceiveBufferBytes)) {
  if (queue_) release_queue_.emplace(queue_device_, queue_->table(), std::nullopt);
  if (instant_queue_) release_queue_.emplace(queue_device_, InstantRules{}, std::nullopt);
  if (setup_.ladder) {
    ladder_.emplace(*setup_.ladder, KeyNumbers::of(setup_.own_key), setup_.clock.wall_ns(world_.loop.now()),
                    std::nullopt, kLadderTimes);
    if (setup_.mutant != Mutant::steps_by_need) ladder_->use_said(said_for);
  }
  if (setup_.relays) {
    relay_.emplace(RelaySettings{.own_key = setup_.own_key});
  }
  for (const SimPeer& peer : setup_.peers) add_link(peer);
  for (const auto& sim : lanes_) {
    packer_stage_.add(*sim->lane);
    packed_.push_back(sim.get());
    if (relay_) {
      relay_->packing().add(*sim->lane);
      relay_->receiving().add(*sim->lane);
    }
    sim->has_packer = sim->has_receiver = true;
    paced_.handle_join(*sim->lane, local_now());
  }
  await_slot();
  await_handshakes();
  if (relay_) await_relays();
}

SimNode::~SimNode() {
  *alive_ = false;
}

// Every one with keys and instants of its own, also where there was a link with that peer before.
SimNode::Link& SimNode::add_link(const SimPeer& peer) {
  const size_t index = links_begun_++;
  links_.push_back(std::make_unique<Link>(peer.number, config_of(setup_, peer.keys),
                                          seeded_entropy(setup_.seed + 31 * index + 1)));
  Link& link = *links_.back();
  link.reading = peer.reading;
  for (uint8_t i = 0; i < setup_.lanes; ++i) {
    auto sim = std::make_unique<SimLane>();
    sim->link = &link;
    link.control.add_lane(make_lane(peer, index, i, *sim));
    sim->lane = &link.control.lane(i);
    if (release_queue_) sim->lane->queue = &*release_queue_;
    link.control.set_receiver_wake_up(i, [at = sim.get()] { at->has_orders = true; });
    link.lanes.push_back(sim.get());
    lanes_.push_back(std::move(sim));
  }
  if (setup_.calendar) {
    link.control.set_calendar(
        CalendarWatch(*setup_.calendar, setup_.clock.wall_ns(world_.loop.now()), kAhead),
        {setup_.rates_bps[0], setup_.rates_bps[1]});
  }
  if (ladder_) {
    link.control.set_ladder(setup_.ladder->fingerprint(), setup_.ladder->rates_bps,
                            setup_.format.ip_bytes(false));
  }
  if (relay_) link.control.set_relay(relay_->make_post("", setup_.plan, setup_.format));
  return link;
}

SlotSteps SimNode::steps() const {
  if (ladder_) return {{*setup_.other_plan, setup_.plan}, ladder_->told_step()};
  if (!setup_.calendar) return setup_.plan;
  const CalendarWatch watch(*setup_.calendar, setup_.clock.wall_ns(world_.loop.now()), kAhead);
  return {{setup_.plan, *setup_.other_plan}, watch.begins_with_bps() == setup_.rates_bps[0] ? 0U : 1U};
}

std::unique_ptr<Lane> SimNode::make_lane(const SimPeer& peer, size_t index, uint8_t lane, SimLane& sim) {
  const uint64_t seed = setup_.seed + 17 * (index * setup_.lanes + lane);
  Random phase(seed ^ 0x9a5e);
  const auto within = static_cast<int64_t>(phase.below(static_cast<uint64_t>(setup_.plan.period().ns)));
  LaneSetup lane_setup{
      .index = lane,
      .format = setup_.format,
      .steps = steps(),
      .own_key = peer.keys.own.public_key(),
      .allowed_sources = prefixes_of(peer.number),
      .allowed_destinations = prefixes_of(setup_.number),
      .cell_ends = {},
      .inner_mtu = 1500,
      .sealing = setup_.cost.seal_cell * static_cast<int64_t>(setup_.plan.cells_per_release()),
      .epoch = local_now() + milliseconds(1) + Duration{within},
      .seed = seed,
      .draws = seed};
  auto device = std::make_unique<SimDevice>(allocations_, world_.checker);
  auto socket = std::make_unique<SimSocket>(host_, setup_.number, peer.number, lane);
  sim.device = device.get();
  sim.socket = socket.get();
  return std::make_unique<Lane>(std::move(lane_setup), std::move(device), std::move(socket));
}

SimNode::SimLane& SimNode::sim_of(const Lane& lane) const {
  return **std::ranges::find_if(lanes_, [&](const auto& sim) { return sim->lane == &lane; });
}

SimNode::Link* SimNode::find_link(NodeNumber peer) const {
  const auto found = std::ranges::find(links_, peer, &Link::peer);
  return found == links_.end() ? nullptr : found->get();
}

SimNode::Link& SimNode::link_of(NodeNumber peer) const {
  Link* link = find_link(peer);
  CUTTLE_CHECK(link != nullptr, "who asks knows that there is a link");
  return *link;
}

size_t SimNode::queue_room(NodeNumber peer) const {
  const Link* link = find_link(peer);
  if (link == nullptr) return 0;
  size_t room = SIZE_MAX;
  for (const SimLane* sim : link->lanes) room = std::min(room, sim->device->room());
  return room;
}

void SimNode::send_packet(NodeNumber peer, HostPacket packet) {
  const Link* link = find_link(peer);
  if (link == nullptr) return;  // what the blackhole takes
  SimLane& sim = *link->lanes[lane_of(packet.bytes, link->lanes.size())];
  sim.device->put(std::move(packet));
  if (setup_.mutant == Mutant::pack_on_pacer || !sim.has_packer) return;
  sim.outcome = PackerStage::Outcome::more;
  kick_packer();
}

void SimNode::set_reading(NodeNumber peer, bool reading) {
  if (Link* link = find_link(peer)) link->reading = reading;
}

void SimNode::pause(ThreadName thread, Duration duration) {
  switch (thread) {
    case ThreadName::pacer:
      pacer_free_ = std::max(pacer_free_, world_.loop.now() + duration);
      return;
    case ThreadName::packer:
      return packer_->pause(duration);
    case ThreadName::receiver:
      return receiver_->pause(duration);
    case ThreadName::handshakes:
      return handshakes_->pause(duration);
  }
}

void SimNode::reset_queue() {
  if (queue_) queue_->reset(local_now());
}

bool SimNode::up(NodeNumber peer) const {
  return has_link(peer) && link_of(peer).control.state(local_now()) == Association::State::up;
}

}  // namespace cuttle::sim
