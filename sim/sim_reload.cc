// Links that come and go while a simulated node runs: what src/node/apply_reload.cc and the driver do with
// the handshakes' thread and the loops, in that order. What the helper does in between takes a fixed time
// here, longer than packer and receiver need to take a change: when the pacer hears of one is the operator's
// affair and not payload's.
#include <algorithm>

#include "engine/loop_limits.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

constexpr Duration kHelper = milliseconds(10);

}  // namespace

// As the control thread waits.
void SimNode::await_loops(Instant earliest, void (SimNode::*then)()) {
  at(std::max(earliest, world_.loop.now() + kHandoverInterval), [this, then] {
    const bool taken =
        pacers_change_.is_taken() && packers_change_.is_taken() && receivers_change_.is_taken();
    taken ? (this->*then)() : await_loops(world_.loop.now(), then);
  });
}

std::vector<Lane*> SimNode::lanes_of(const std::vector<NodeNumber>& peers) const {
  std::vector<Lane*> lanes;
  for (const NodeNumber peer : peers) {
    for (const SimLane* sim : link_of(peer).lanes) lanes.push_back(sim->lane);
  }
  return lanes;
}

void SimNode::apply_reload(LinkChange change) {
  changes_.push_back(std::move(change));
  if (changes_.size() == 1) begin_change();
}

void SimNode::begin_change() {
  for (const NodeNumber peer : changes_.front().leaving) link_of(peer).in_service = false;
  pacers_change_.begin_leave(lanes_of(changes_.front().leaving));
  await_loops(world_.loop.now(), &SimNode::let_out);
}

void SimNode::let_out() {
  const std::vector<Lane*> lanes = lanes_of(changes_.front().leaving);
  packers_change_.begin_leave(lanes);
  kick_packer();
  receivers_change_.begin_leave(lanes);
  kick_receivers_change();
  await_loops(world_.loop.now() + kHelper, &SimNode::exchange_links);
}

void SimNode::exchange_links() {
  for (const NodeNumber peer : changes_.front().leaving) {
    const auto link = std::ranges::find(links_, peer, &Link::peer);
    for (const SimLane* sim : (*link)->lanes) {
      sim->device->close();
      sim->socket->close();
    }
    ended_links_.push_back(std::move(*link));
    links_.erase(link);
  }
  const std::vector<NodeNumber>& coming = changes_.front().coming;
  for (const NodeNumber peer : coming) add_link(world_.peer(setup_.number, peer)).in_service = false;
  receivers_change_.begin_join(lanes_of(coming));
  kick_receivers_change();
  packers_change_.begin_join(lanes_of(coming));
  kick_packer();
  await_loops(world_.loop.now() + kHelper, &SimNode::let_in);
}

void SimNode::let_in() {
  pacers_change_.begin_join(lanes_of(changes_.front().coming));
  await_loops(world_.loop.now(), &SimNode::change_done);
}

void SimNode::change_done() {
  for (const NodeNumber peer : changes_.front().coming) link_of(peer).in_service = true;
  changes_.pop_front();
  kick_handshakes();
  if (!changes_.empty()) begin_change();
}

}  // namespace cuttle::sim
