#include "sim/world.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hh"

namespace cuttle::sim {

namespace {

// The mark of the packet that goes over each link at the very end; no flow has this number.
constexpr uint32_t kLastPacket = UINT32_MAX;
constexpr size_t kLastPacketBytes = 3000;

uint64_t no_allocations() {
  return 0;
}

std::optional<Calendar> calendar_of(const Scenario& scenario) {
  if (scenario.other_rate_bps == 0 || has_ladder(scenario.family)) return std::nullopt;
  std::vector<CalendarEntry> entries;
  for (uint32_t minute = 1; minute < kMinutesPerDay; minute += 2) {
    entries.push_back({kEveryDay, minute, minute + 1, scenario.other_rate_bps});
  }
  return Calendar(scenario.shape.rate_bps, entries);
}

// Short, as runs are; and a budget that none of them spends.
std::optional<ladder::Settings> ladder_of(const Scenario& scenario) {
  if (scenario.other_rate_bps == 0 || !has_ladder(scenario.family)) return std::nullopt;
  return ladder::Settings{.rates_bps = {scenario.other_rate_bps, scenario.shape.rate_bps},
                          .epoch = milliseconds(500),
                          .budget_bits = 500,
                          .lower_after = milliseconds(500),
                          .yields = scenario.family == Family::yielding};
}

PrivateKey draw_key(uint64_t seed) {
  Random random(seed);
  uint8_t bytes[kKeySize];
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random.next());
  return PrivateKey::from_random(bytes);
}

}  // namespace

World::World(const Scenario& scenario, const RunOptions& options)
    : scenario_(scenario),
      options_(options),
      checker_(scenario.nodes, scenario.shape.cell_bytes,
               scenario.family == Family::two_nodes || scenario.family == Family::network, !scenario.relays),
      network_(loop_, scenario.seed, scenario.nodes, scenario.lanes, scenario.delay, checker_, result_.trace),
      clocks_(scenario.clocks),
      incarnations_(scenario.nodes, 0),
      nodes_(scenario.nodes),
      not_reading_(scenario.nodes * scenario.nodes, false),
      linked_(scenario.nodes * scenario.nodes, true),
      probed_(scenario.nodes * scenario.nodes, 0) {
  if (options_.probe == nullptr) options_.probe = no_allocations;
  CUTTLE_CHECK(plan_slots(scenario.shape, plan_), "shapes are drawn so that a plan exists");
  if (scenario.other_rate_bps != 0) {
    ShapeRequest other = scenario.shape;
    other.rate_bps = scenario.other_rate_bps;
    CUTTLE_CHECK(plan_slots(other, other_plan_.emplace()), "both rates are drawn so that a plan exists");
  }
  for (NodeNumber i = 0; i < scenario.nodes; ++i) {
    keys_.push_back(draw_key(scenario.seed * 100 + i));
    known_.push_back(keys_[i].public_key());
    known_next_.emplace_back();
  }
  for (const Ends& ends : scenario.not_at_first) {
    linked_[path(ends.a, ends.b)] = linked_[path(ends.b, ends.a)] = false;
  }
  network_.set_arrival(
      [this](NodeNumber source, NodeNumber destination, uint8_t lane, SimNetwork::SharedBytes bytes) {
        if (nodes_[destination] != nullptr) nodes_[destination]->receive(source, lane, std::move(bytes));
      });
  for (NodeNumber i = 0; i < scenario.nodes; ++i) {
    loop_.at(scenario.starts[i], [this, i] { start(i); });
  }
  plan_faults();
}

void World::start(NodeNumber number) {
  if (nodes_[number] != nullptr) return;
  std::vector<SimPeer> peers;
  for (NodeNumber peer = 0; peer < scenario_.nodes; ++peer) {
    if (peer != number && linked_[path(number, peer)]) peers.push_back(peer_of(number, peer));
  }
  CostModel cost;
  cost.slow_down(scenario_.slowness[number]);
  NodeSetup setup{.number = number,
                  .own_key = keys_[number].public_key(),
                  .format = wire::CellFormat(scenario_.shape.cell_bytes),
                  .plan = plan_,
                  .other_plan = other_plan_,
                  .calendar = calendar_of(scenario_),
                  .rates_bps = {scenario_.shape.rate_bps, scenario_.other_rate_bps},
                  .ladder = ladder_of(scenario_),
                  .lanes = scenario_.lanes,
                  .clock = clocks_[number],
                  .cost = cost,
                  .mutant = options_.mutant,
                  .shared_core = scenario_.shared_cores[number],
                  .by_queue = scenario_.by_queue[number],
                  .by_instants = scenario_.by_instants[number],
                  .relays = scenario_.relays && scenario_.takes_no_part != number,
                  .seed = (scenario_.seed * 1000 + number) * 1000 + ++incarnations_[number],
                  .peers = std::move(peers)};
  SimNode::World world{
      loop_,
      network_,
      checker_,
      options_.probe,
      [this](NodeNumber node, NodeNumber peer, Bytes packet) { delivered(node, peer, packet); },
      [this](NodeNumber node, NodeNumber peer) { return peer_of(node, peer); }};
  nodes_[number] = std::make_unique<SimNode>(std::move(world), std::move(setup));
}

void World::plan_faults() {
  network_.set_faults(scenario_.faults);
  std::vector<PublicKey> public_keys;
  for (const PrivateKey& key : keys_) public_keys.push_back(key.public_key());
  network_.let_unknown_sources_send(scenario_.faults_stop, public_keys);
  for (const ClockJump& jump : scenario_.clock_jumps) {
    loop_.at(jump.at, [this, &jump] {
      clocks_[jump.node].wall_offset = clocks_[jump.node].wall_offset + jump.by;
      if (nodes_[jump.node] != nullptr) nodes_[jump.node]->set_wall_clock(clocks_[jump.node].wall_offset);
    });
  }
  for (const ThreadPause& pause : scenario_.pauses) {
    loop_.at(pause.at, [this, &pause] {
      if (nodes_[pause.node] != nullptr) nodes_[pause.node]->pause(pause.thread, pause.length);
    });
  }
  for (const KeyChange& change : scenario_.key_changes) plan_key_change(change);
  for (const Reload& one : scenario_.reloads) {
    loop_.at(one.at, [this, &one] { reload(one); });
  }
  for (const QueueReset& reset : scenario_.queue_resets) {
    loop_.at(reset.at, [this, &reset] {
      if (nodes_[reset.node] != nullptr) nodes_[reset.node]->reset_queue();
    });
  }
  for (const Cut& cut : scenario_.cuts) {
    loop_.at(cut.from, [this, &cut] { network_.cut(cut.a, cut.b, true); });
    loop_.at(cut.until, [this, &cut] { network_.cut(cut.a, cut.b, false); });
  }
  for (const Hold& hold : scenario_.holds) {
    network_.hold(hold.a, hold.b, hold.by);
    loop_.at(hold.until, [this, &hold] { network_.hold(hold.a, hold.b, {}); });
  }
  for (const Crash& crash : scenario_.crashes) {
    loop_.at(crash.at, [this, &crash] { nodes_[crash.node].reset(); });
    loop_.at(crash.back_at, [this, &crash] { start(crash.node); });
  }
  loop_.at(scenario_.faults_stop, [this] { network_.set_faults({}); });
}

AssociationKeys World::keys_of(NodeNumber own, NodeNumber peer) const {
  return {.own = keys_[own], .peer = known_[peer], .next_peer = known_next_[peer]};
}

SimPeer World::peer_of(NodeNumber own, NodeNumber peer) const {
  return {peer, keys_of(own, peer), !not_reading_[path(peer, own)]};
}

// A node that is down finds its new configuration when it starts.
void World::reload(const Reload& reload) {
  for (const NodeNumber peer : reload.leaving) linked_[path(reload.node, peer)] = false;
  for (const NodeNumber peer : reload.coming) linked_[path(reload.node, peer)] = true;
  if (nodes_[reload.node] != nullptr) nodes_[reload.node]->apply_reload({reload.leaving, reload.coming});
}

// The others reload what they know of it.
void World::tell_keys(NodeNumber node) {
  for (NodeNumber other = 0; other < scenario_.nodes; ++other) {
    if (other != node && nodes_[other] != nullptr) nodes_[other]->set_keys(node, keys_of(other, node));
  }
}

void World::plan_key_change(const KeyChange& change) {
  const NodeNumber node = change.node;
  const PrivateKey fresh = draw_key(scenario_.seed * 100 + 50 + node + static_cast<uint64_t>(change.at.ns));
  loop_.at(change.at, [this, node, fresh] {
    known_next_[node] = fresh.public_key();
    tell_keys(node);
  });
  loop_.at(change.at + change.apart, [this, node, fresh] {
    keys_[node] = fresh;
    for (NodeNumber peer = 0; peer < scenario_.nodes && nodes_[node] != nullptr; ++peer) {
      if (peer != node) nodes_[node]->set_keys(peer, keys_of(node, peer));
    }
  });
  loop_.at(change.at + change.apart * 2, [this, node, fresh] {
    known_[node] = fresh.public_key();
    known_next_[node].reset();
    tell_keys(node);
  });
}

void World::plan_reading(const DirectedLoad& load) {
  if (load.stops_reading == Instant::never()) return;
  const auto set = [this, source = load.source, destination = load.destination](bool reading) {
    not_reading_[source * scenario_.nodes + destination] = !reading;
    if (nodes_[destination] != nullptr) nodes_[destination]->set_reading(source, reading);
  };
  loop_.at(load.stops_reading, [set] { set(false); });
  loop_.at(std::min(load.reads_again, scenario_.faults_stop), [set] { set(true); });
}

void World::start_flows() {
  Random random(options_.payload_seed ^ 0xf10e);
  const auto ring = static_cast<int64_t>(
      std::bit_ceil(lane_sizes(plan_, wire::CellFormat(scenario_.shape.cell_bytes)).ring_slots));
  const Duration drain = plan_.period() * (ring / plan_.cells_per_slot + 1);
  const Duration timeout = drain + scenario_.delay * 4 + milliseconds(50);
  for (uint32_t number = 1; number <= scenario_.flows; ++number) {
    const auto source = static_cast<NodeNumber>(random.below(scenario_.nodes));
    const auto destination =
        static_cast<NodeNumber>((source + 1 + random.below(scenario_.nodes - 1)) % scenario_.nodes);
    // All of it fits into a sixth of what can be sent after the faults.
    const auto max_cells =
        static_cast<uint64_t>((scenario_.end - scenario_.faults_stop).ns / plan_.period().ns) / 6 *
        plan_.cells_per_slot;
    const uint64_t bytes = max_cells * scenario_.shape.cell_bytes / scenario_.flows;
    const auto segment = static_cast<uint32_t>(200 + random.below(random.chance(0.2) ? 20'000 : 1300));
    const auto segments = static_cast<uint32_t>(std::clamp<uint64_t>(bytes / segment, 1, 60));
    flows_.push_back(std::make_unique<Flow>(loop_, *this, checker_,
                                            FlowShape{number, source, destination, segments, segment, timeout,
                                                      timeout * 2, scenario_.offloads && number % 2 == 0}));
  }
}

// Late, when everything should have recovered: one packet over each lane, which must arrive.
void World::probe_links() {
  for (NodeNumber a = 0; a < scenario_.nodes; ++a) {
    for (NodeNumber b = 0; b < scenario_.nodes; ++b) {
      for (uint8_t lane = 0; lane < scenario_.lanes && a != b; ++lane) {
        send_packet(a, b,
                    {checker_.make_packet(a, b, kLastPacketBytes, false, lane, {kLastPacket, 0, false})});
      }
    }
  }
}

size_t World::queue_room(NodeNumber source, NodeNumber destination) {
  return nodes_[source] == nullptr ? 0 : nodes_[source]->queue_room(destination);
}

void World::send_packet(NodeNumber source, NodeNumber destination, HostPacket packet) {
  // While the node is down its blackhole route takes the packet.
  if (nodes_[source] != nullptr) nodes_[source]->send_packet(destination, std::move(packet));
}

void World::delivered(NodeNumber node, NodeNumber peer, Bytes packet) {
  const FlowMark* mark = checker_.saw_packet(node, peer, packet);
  if (mark == nullptr || mark->flow == 0) return;
  if (mark->flow == kLastPacket) {
    ++probed_[path(peer, node)];
    return;
  }
  const FlowMark copy = *mark;
  flows_[copy.flow - 1]->handle_packet(copy);
}

void World::check_liveness() {
  for (size_t i = 0; i < flows_.size(); ++i) {
    if (!flows_[i]->finished()) {
      checker_.fail(0,
                    fmt::format("flow {} got no further than {} segments", i + 1, flows_[i]->acknowledged()));
    }
  }
  for (NodeNumber a = 0; a < scenario_.nodes; ++a) {
    for (NodeNumber b = 0; b < scenario_.nodes; ++b) {
      if (a == b) continue;
      if (!nodes_[a]->up(b)) checker_.fail(0, fmt::format("node {}'s link with {} did not recover", a, b));
      if (probed_[path(a, b)] != scenario_.lanes) {
        checker_.fail(0, fmt::format("of the last packets from {} to {}, one on each of {} lanes, {} arrived",
                                     a, b, scenario_.lanes, probed_[path(a, b)]));
      }
    }
  }
}

RunResult World::run() {
  result_.loads =
      draw_loads(options_.payload_seed, scenario_.nodes, options_.load_variant, scenario_.faults_stop);
  for (DirectedLoad& load : result_.loads) load.offloads &= scenario_.offloads;
  const size_t slot_bytes = size_t{plan_.cells_per_slot} * scenario_.shape.cell_bytes * scenario_.lanes;
  for (const DirectedLoad& load : result_.loads) {
    plan_reading(load);
    sources_.push_back(std::make_unique<LoadSource>(loop_, *this, checker_, load, plan_.period(), slot_bytes,
                                                    options_.payload_seed + sources_.size() * 7919,
                                                    scenario_.faults_stop));
  }
  start_flows();
  if (options_.liveness) {
    const Duration settle = scenario_.end - scenario_.faults_stop;
    loop_.at(scenario_.end - settle / 3, [this] { probe_links(); });
  }
  loop_.run_until(scenario_.end);
  if (options_.liveness) check_liveness();
  for (NodeNumber a = 0; a < scenario_.nodes; ++a) {
    for (NodeNumber b = 0; b < scenario_.nodes && nodes_[a] != nullptr; ++b) {
      if (nodes_[a]->has_link(b)) result_.packets_relayed += nodes_[a]->packets_passed_on(b);
      if (nodes_[a]->has_link(b)) result_.sessions += nodes_[a]->association(b).counters().sessions.value();
    }
  }
  result_.violations = checker_.violations();
  result_.packets_sent = checker_.packets_sent();
  result_.packets_delivered = checker_.packets_delivered();
  result_.packets_disordered = checker_.packets_disordered();
  result_.events = loop_.events();
  return std::move(result_);
}

RunResult run(const Scenario& scenario, const RunOptions& options) {
  return World(scenario, options).run();
}

std::string compare_pair(const Scenario& scenario, uint64_t payload_seed, Mutant mutant) {
  // Against an idle network in half of the pairs: the starkest difference there is.
  RunOptions one{.payload_seed = payload_seed * 2,
                 .load_variant = payload_seed % 2 == 0 ? 0u : 3u,
                 .mutant = mutant,
                 .probe = nullptr,
                 .liveness = false};
  RunOptions other = one;
  other.payload_seed = payload_seed * 2 + 1;
  other.load_variant = 1 + static_cast<unsigned>(payload_seed % 3);
  const RunResult a = run(scenario, one);
  const RunResult b = run(scenario, other);
  for (const RunResult* result : {&a, &b}) {
    // What relays do to packets shows in pairs, too.
    if (scenario.relays && !result->violations.empty()) return result->violations.front().text;
  }
  const std::string difference = first_difference(a.trace, b.trace);
  if (difference.empty()) return "";
  return difference + "\n  one:   " + describe(a.loads) + "\n  other: " + describe(b.loads);
}

}  // namespace cuttle::sim
