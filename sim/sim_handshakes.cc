// The handshakes' thread of a simulated node: when it looks at its links, as src/node/handshake_loop.cc does
// it, and what that takes. The other threads see what it did when it is done.
#include <algorithm>

#include "engine/loop_limits.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// It wakes up so much later than it asked for, at least.
constexpr Duration kWakesLate = microseconds(50);

// Key agreements that the link is about to make: for what is due, and for what came on each lane.
int64_t agreements(const LinkControl& link, Instant now) {
  int64_t count = link.poll_timeout() <= now ? 1 : 0;
  for (size_t i = 0; i < link.lanes(); ++i) {
    const auto waiting = link.lane(i).handshakes_in.front();
    count += waiting ? 1 : 0;
  }
  return count;
}

}  // namespace

void SimNode::await_handshakes() {
  Instant until = local_now() + kHandshakeInterval;
  for (const auto& link : links_) {
    if (link->in_service) until = std::min(until, link->control.poll_timeout());
  }
  until = std::max(until, local_now()) + kWakesLate;
  at(setup_.clock.global(until), [this, round = handshakes_round_] {
    if (round == handshakes_round_) kick_handshakes();
  });
}

void SimNode::kick_handshakes() {
  if (std::exchange(handshakes_wait_, true)) return;
  handshakes_->post([this] { return begin_handshakes(); }, [this] { end_handshakes(); });
}

Duration SimNode::begin_handshakes() {
  handshakes_wait_ = false;
  ++handshakes_round_;
  handshakes_began_ = local_now();
  Duration cost = setup_.cost.handshake_round;
  for (const auto& link : links_) {
    if (link->in_service) cost = cost + setup_.cost.handshake * agreements(link->control, handshakes_began_);
  }
  return cost;
}

void SimNode::end_handshakes() {
  for (const auto& link : links_) {
    if (link->in_service) {
      link->control.handle_handshakes(handshakes_began_, setup_.clock.wall_ns(world_.loop.now()));
    }
  }
  follow_ladder();
  for (const auto& sim : lanes_) {
    if (std::exchange(sim->has_orders, false)) kick_receiver(*sim);
  }
  await_handshakes();
}

void SimNode::follow_ladder() {
  if (!ladder_) return;
  std::vector<LadderLink*> following;
  for (const auto& link : links_) {
    if (link->in_service) following.push_back(link.get());
  }
  ladder_->handle_time(handshakes_began_, setup_.clock.wall_ns(world_.loop.now()), following);
  for (const auto& sim : lanes_) {
    if (!sim->has_packer || sim->lane->ladder == nullptr || sim->lane->ladder->out.empty()) continue;
    sim->outcome = PackerStage::Outcome::more;
    kick_packer();
  }
}

void SimNode::set_keys(NodeNumber peer, const AssociationKeys& keys) {
  handshakes_->post([this] { return setup_.cost.handshake; },
                    [this, peer, keys] {
                      if (relay_) relay_->handle_own_key(keys.own.public_key());
                      if (ladder_) ladder_->handle_number(KeyNumbers::of(keys.own.public_key()));
                      if (Link* link = find_link(peer)) link->control.handle_keys(keys);
                      kick_handshakes();
                    });
}

}  // namespace cuttle::sim
