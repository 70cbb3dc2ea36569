// The packer's thread of a simulated node: which lane has its turn, as src/node/packer_loop.cc does it, a
// packet at a time.
#include <algorithm>

#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// A look at a TUN that has nothing.
constexpr Duration kLook = nanoseconds(500);

}  // namespace

void SimNode::kick_packer() {
  if (std::exchange(packer_works_, true)) return;
  packer_->post([this] { return begin_packing(); }, [this] { end_packing(); });
}

// The pacer and the receiver run on while the packet is read.
Duration SimNode::begin_packing() {
  take_packers_change();
  if (relay_) relay_for_others();
  bool has_more = false;
  for (size_t i = 0; i < packed_.size() && !has_more; ++i) {
    packing_turn_ = (packing_turn_ + 1) % packed_.size();
    has_more = packed_[packing_turn_]->outcome == PackerStage::Outcome::more;
  }
  if (!has_more) return kLook;
  packing_lane_ = packed_[packing_turn_];
  SimLane& sim = *packing_lane_;
  guarded("PackerStage::begin", [&] {
    packing_begun_.emplace(packer_stage_.begin(*sim.lane, losses_of(*sim.lane)));
    return 0;
  });
  const Duration cost = sim.device->empty() ? kLook : setup_.cost.read(sim.device->next_bytes());
  sim.packing_until = world_.loop.now() + cost;
  return cost;
}

void SimNode::end_packing() {
  packer_works_ = false;
  if (packing_begun_) {
    SimLane& sim = *packing_lane_;
    sim.outcome = guarded("PackerStage::finish",
                          [&] { return packer_stage_.finish(*sim.lane, std::move(*packing_begun_)); });
    packing_begun_.reset();
    if (sim.outcome == PackerStage::Outcome::no_room) look_again(sim);
  }
  const auto has_more = [](const SimLane* sim) { return sim->outcome == PackerStage::Outcome::more; };
  if (std::ranges::any_of(packed_, has_more) || !packers_change_.is_taken()) kick_packer();
}

// Between two of its rounds.
void SimNode::take_packers_change() {
  packers_change_.poll(
      [this](Lane& lane) {
        SimLane& sim = sim_of(lane);
        packer_stage_.add(lane);
        packed_.push_back(&sim);
        if (relay_) relay_->packing().add(lane);
        sim.has_packer = true;
        sim.outcome = PackerStage::Outcome::more;  // there may be something already
      },
      [this](Lane& lane) {
        SimLane& sim = sim_of(lane);
        std::erase(packed_, &sim);
        if (relay_) relay_->packing().remove(lane);
        sim.has_packer = false;
      });
}

// What each round of the packer does where its node relays (src/node/packer_loop.cc).
void SimNode::relay_for_others() {
  guarded("RelayPacking::handle_time", [&] {
    relay_->packing().handle_time(local_now());
    return 0;
  });
  for (SimLane* sim : packed_) {
    if (sim->outcome == PackerStage::Outcome::drained && RelayPacking::has_waiting(*sim->lane)) {
      sim->outcome = PackerStage::Outcome::more;
    }
  }
}

// The loop's timeout where there is nothing to pack.
void SimNode::await_relays() {
  at(world_.loop.now() + kRelayReportInterval, [this] {
    for (SimLane* sim : packed_) {
      if (sim->outcome == PackerStage::Outcome::drained) sim->outcome = PackerStage::Outcome::more;
    }
    kick_packer();
    await_relays();
  });
}

// The pacer wakes nobody, so after a slot.
void SimNode::look_again(SimLane& sim) {
  const SlotPlan& plan = sim.lane->sender.plan();
  at(world_.loop.now() + plan.period() / plan.releases_per_slot(), [this, &sim] {
    if (!sim.has_packer) return;
    sim.outcome = PackerStage::Outcome::more;
    kick_packer();
  });
}

// Only for Mutant::pack_on_pacer.
void SimNode::pack_all(Lane& lane, Duration& cost) {
  const SimDevice& device = *sim_of(lane).device;
  for (bool more = true; more;) {
    const Duration read = device.empty() ? Duration{} : setup_.cost.read(device.next_bytes());
    more = packer_stage_.pack(lane, losses_of(lane), 1) == PackerStage::Outcome::more;
    cost = cost + read;
  }
}

}  // namespace cuttle::sim
