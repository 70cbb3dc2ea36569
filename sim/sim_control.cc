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

// That took a key agreement.
uint64_t agreements(const AssociationCounters& counters) {
  return counters.initiations_sent.value() + counters.initiations_received.value() +
         counters.not_genuine.value() + counters.stale.value() + counters.sessions.value();
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
  control_->post([this] { return control(); }, [this] { control_done(); });
}

Duration SimNode::control() {
  control_waits_ = false;
  ++control_round_;
  Duration cost = setup_.cost.control;
  for (const auto& link : links_) {
    if (!link->in_service) continue;
    const Association& association = link->control.association();
    const uint64_t before = agreements(association.counters());
    link->control.handle_control(local_now(), setup_.clock.wall_ns(world_.loop.now()));
    const uint64_t agreed = agreements(association.counters()) - before;
    cost = cost + setup_.cost.handshake * static_cast<int64_t>(agreed);
  }
  control_done_ = world_.loop.now() + cost;
  return cost;
}

void SimNode::control_done() {
  for (const auto& sim : lanes_) {
    if (std::exchange(sim->has_orders, false)) kick_receiver(*sim);
  }
  await_control();
}

void SimNode::set_keys(NodeNumber peer, const AssociationKeys& keys) {
  control_->post(
      [this, peer, keys] {
        if (Link* link = find_link(peer)) link->control.handle_keys(keys);
        return setup_.cost.handshake;
      },
      [this] { kick_control(); });
}

}  // namespace cuttle::sim
