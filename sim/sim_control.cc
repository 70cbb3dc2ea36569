// The control thread of a simulated node: when it looks at its links, as src/node/handshake_loop.cc does it,
// and what that takes. The other threads see what it did when it is done.
#include <algorithm>

#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

// As in src/node/handshake_loop.cc.
constexpr Duration kLookRound = milliseconds(100);
// It wakes up so much later than it asked for, at least.
constexpr Duration kWakesLate = microseconds(50);

// Key agreements that the link is about to make: for what is due, and for what came on each lane.
int64_t agreements(const LinkControl& link, Instant now) {
  int64_t count = link.poll_timeout() <= now ? 1 : 0;
  for (size_t i = 0; i < link.lanes(); ++i) count += link.lane(i).handshakes_in.front() ? 1 : 0;
  return count;
}

}  // namespace

void SimNode::await_control() {
  Instant until = local_now() + kLookRound;
  for (const auto& link : links_) {
    if (link->in_service) until = std::min(until, link->control.poll_timeout());
  }
  until = std::max(until, local_now()) + kWakesLate;
  at(setup_.clock.global(until), [this, round = control_round_] {
    if (round == control_round_) kick_control();
  });
}

void SimNode::kick_control() {
  if (std::exchange(control_waits_, true)) return;
  control_->post([this] { return begin_control(); }, [this] { end_control(); });
}

Duration SimNode::begin_control() {
  control_waits_ = false;
  ++control_round_;
  control_began_ = local_now();
  Duration cost = setup_.cost.control;
  for (const auto& link : links_) {
    if (link->in_service) cost = cost + setup_.cost.handshake * agreements(link->control, control_began_);
  }
  return cost;
}

void SimNode::end_control() {
  for (const auto& link : links_) {
    if (link->in_service) {
      link->control.handle_control(control_began_, setup_.clock.wall_ns(world_.loop.now()));
    }
  }
  for (const auto& sim : lanes_) {
    if (std::exchange(sim->has_orders, false)) kick_receiver(*sim);
  }
  await_control();
}

void SimNode::set_keys(NodeNumber peer, const AssociationKeys& keys) {
  control_->post([this] { return setup_.cost.handshake; },
                 [this, peer, keys] {
                   if (Link* link = find_link(peer)) link->control.handle_keys(keys);
                   kick_control();
                 });
}

}  // namespace cuttle::sim
