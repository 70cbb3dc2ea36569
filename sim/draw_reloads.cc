#include "sim/draw_reloads.hh"

#include <algorithm>

#include "link/association.hh"
#include "sim/draw.hh"

namespace cuttle::sim {

namespace {

NodeNumber other_than(Random& random, const Scenario& scenario, NodeNumber node) {
  return static_cast<NodeNumber>((node + 1 + random.below(scenario.nodes - 1)) % scenario.nodes);
}

Instant share_of(const Scenario& scenario, int percent) {
  return {scenario.faults_stop.ns * percent / 100};
}

// What a reload asks for is begun by the handshakes' thread, and attempts are made at its ticks. Not so near
// to one that how busy the node is would decide between two: so much of a tick is left.
bool is_calm(const SimClock& clock, Instant instant, int64_t percent_left) {
  const int64_t into_tick = clock.local(instant).ns % kTick.ns;
  return into_tick > kTick.ns / 20 && into_tick < kTick.ns * (100 - percent_left) / 100;
}

Instant calm_instant_in(Random& random, const Scenario& scenario, const std::vector<NodeNumber>& nodes,
                        int64_t percent_left, Instant from, Instant until) {
  Instant instant = instant_in(random, from, until);
  const auto calm_at = [&](NodeNumber node) { return is_calm(scenario.clocks[node], instant, percent_left); };
  for (int i = 0; i < 100 && !std::ranges::all_of(nodes, calm_at); ++i) {
    instant = instant_in(random, from, until);
  }
  return instant;
}

std::vector<NodeNumber> all_but(const Scenario& scenario, NodeNumber node) {
  std::vector<NodeNumber> nodes;
  for (NodeNumber other = 0; other < scenario.nodes; ++other) {
    if (other != node) nodes.push_back(other);
  }
  return nodes;
}

}  // namespace

void draw_key_changes(Random& random, Scenario& scenario) {
  if (!random.chance(0.3)) return;
  const auto first = static_cast<NodeNumber>(random.below(scenario.nodes));
  const auto last = static_cast<NodeNumber>(random.chance(0.5) ? first : (first + 1) % scenario.nodes);
  for (NodeNumber node = first;; node = last) {
    scenario.key_changes.push_back(
        {node, instant_in(random, Instant{0}, scenario.faults_stop), milliseconds(between(random, 30, 600))});
    if (node == last) return;
  }
}

void draw_overlapping_key_changes(Random& random, Scenario& scenario, bool compared) {
  if (!random.chance(0.2)) return;
  const auto node = static_cast<NodeNumber>(random.below(scenario.nodes));
  const NodeNumber other = other_than(random, scenario, node);
  if (!compared) {
    const Instant at = instant_in(random, Instant{0}, scenario.faults_stop);
    const Duration apart = milliseconds(between(random, 30, 600));
    const Instant known = std::min(at + apart * 2, scenario.faults_stop);  // to all
    const Instant others = instant_in(random, at, std::max(known, at + kTick));
    scenario.key_changes = {{node, at, apart}, {other, others, milliseconds(between(random, 30, 600))}};
    return;
  }
  // That the old key is no longer taken comes after the end: it ends a session that was not renewed yet.
  Instant at = share_of(scenario, 20);
  for (const NodeNumber which : {node, other}) {
    at = calm_instant_in(random, scenario, all_but(scenario, which), 15, at, at + kTick * 2);
    const Instant half = at + (scenario.end - at) / 2;
    const Instant taken = calm_instant_in(random, scenario, {which}, 15, half + kTick / 2, half + kTick * 2);
    scenario.key_changes.push_back({which, at, taken - at});
  }
}

void draw_reloads(Random& random, Scenario& scenario, bool compared) {
  if (!random.chance(0.25)) return;
  // An operator reloads several nodes one after the other, within so long.
  constexpr Duration kApart = milliseconds(200);
  const auto instant = [&](NodeNumber which, Instant from, Instant until) {
    return calm_instant_in(random, scenario, {which}, 60, from, until);
  };
  const auto node = static_cast<NodeNumber>(random.below(scenario.nodes));
  const NodeNumber peer = other_than(random, scenario, node);
  const Instant goes = instant(node, share_of(scenario, 15), share_of(scenario, compared ? 35 : 60));
  if (random.chance(0.3)) {
    scenario.reloads.push_back({node, goes, {peer}, {peer}});
  } else {
    const Instant comes = instant(node, std::max(goes + kTick, share_of(scenario, compared ? 40 : 60)),
                                  share_of(scenario, compared ? 65 : 90));
    scenario.reloads = {{node, goes, {peer}, {}},
                        {peer, instant(peer, goes, std::min(goes + kApart, comes)), {node}, {}},
                        {node, comes, {}, {peer}},
                        {peer, instant(peer, comes, comes + kApart / 2), {}, {node}}};
  }
  if (scenario.nodes == 2 || random.chance(0.5)) return;
  NodeNumber third = other_than(random, scenario, node);
  while (third == peer) third = other_than(random, scenario, node);
  scenario.not_at_first.push_back({node, third});
  scenario.reloads.front().coming.push_back(third);
  scenario.reloads.push_back({third, instant(third, goes, goes + kApart), {}, {node}});
}

}  // namespace cuttle::sim
