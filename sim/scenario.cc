#include "sim/scenario.hh"

#include <algorithm>
#include <utility>

#include "link/association.hh"
#include "link/lane_keys.hh"
#include "sim/cost_model.hh"
#include "sim/draw.hh"
#include "sim/draw_reloads.hh"

namespace cuttle::sim {

namespace {

// In half of all runs nothing, in the others up to `max`.
double share(Random& random, double max) {
  return random.chance(0.5) ? 0 : random.unit() * max;
}

// One that a plan exists for. `slow`: so slow that minutes can be simulated.
ShapeRequest draw_shape(Random& random, Family family, bool slow, uint32_t lanes) {
  constexpr uint32_t kCells[] = {1472, 1452, 512, 8972};
  ShapeRequest shape{};
  shape.cell_bytes = kCells[std::min<uint64_t>(random.below(6), 3)];
  if (random.chance(0.3)) shape.cell_bytes = 1472;
  // Half of the slow ones so slow that a handshake takes longer than a retry on a fast link.
  const bool very_slow = slow && random.chance(0.5);
  shape.slot = very_slow ? milliseconds(between(random, 90, 900))
               : slow    ? milliseconds(between(random, 40, 90))
                         : microseconds(between(random, 1500, 6000));
  int64_t cells = shape.cell_bytes < 1000 ? between(random, 3, 8) : between(random, 1, slow ? 2 : 5);
  if (family == Family::reactions) {
    shape.cell_bytes = 1472;
    shape.slot = microseconds(between(random, 300, 600));
    cells = 1;
  }
  // Many lanes at once are as much work as one run may be.
  if (family == Family::network && lanes > 1) {
    shape.cell_bytes = std::min(shape.cell_bytes, 1472U);
    cells = 1;
  }
  shape.lanes = lanes;
  shape.rate_bps =
      static_cast<uint64_t>(cells * lanes * (shape.cell_bytes + 28) * 8 * 1'000'000'000 / shape.slot.ns);
  shape.rate_bps += random.below(shape.rate_bps / 50);
  if (random.chance(0.4)) shape.jitter_percent = static_cast<uint32_t>(between(random, 1, 100));
  shape.scatter = random.chance(0.25);
  return shape;
}

Faults draw_faults(Random& random, const ShapeRequest& shape) {
  Faults faults;
  faults.loss = share(random, random.chance(0.2) ? 0.4 : 0.08);
  faults.duplication = share(random, 0.1);
  faults.reordering = share(random, 0.2);
  faults.corruption = share(random, 0.03);
  faults.replay = share(random, 0.05);
  faults.reorder_by = shape.slot * between(random, 1, 8);
  faults.jitter = random.chance(0.5) ? Duration{} : microseconds(between(random, 1, 3000));
  const double cells_per_ms = 1e6 / static_cast<double>(shape.slot.ns);
  faults.unknown_sources_per_ms = share(random, cells_per_ms * 0.5);
  return faults;
}

SimClock draw_clock(Random& random) {
  return {.offset = seconds(between(random, 1, 1'000'000)),
          .drift_ppm = between(random, -200, 200),
          .wall_offset = seconds(between(random, -100'000, 100'000))};
}

// Slow hosts show best what depends on payload; but none so slow that it could not keep up with its links,
// for then it drops what it should have read, and that shows.
int64_t draw_slowness(Random& random, const Scenario& scenario) {
  constexpr int64_t kSlowness[] = {1, 5, 20};
  const CostModel cost;
  const double bytes_per_s = static_cast<double>(scenario.shape.rate_bps / 8 * (scenario.nodes - 1));
  const double packets = bytes_per_s / 1500;
  const double cells = bytes_per_s / scenario.shape.cell_bytes;
  const double load = 1e-9 * (packets * static_cast<double>((cost.read(1500) + cost.write(1500)).ns) +
                              cells * static_cast<double>(cost.open_cell.ns));
  const auto max = std::clamp<int64_t>(static_cast<int64_t>(0.4 / load), 1, 20);
  if (scenario.family == Family::reactions) return max;
  return std::min(kSlowness[random.below(std::size(kSlowness))], max);
}

// Two nodes: from the first to the second.
std::pair<NodeNumber, NodeNumber> draw_ends(Random& random, const Scenario& scenario) {
  const auto a = static_cast<NodeNumber>(random.below(scenario.nodes));
  const auto b = static_cast<NodeNumber>((a + 1 + random.below(scenario.nodes - 1)) % scenario.nodes);
  return {a, b};
}

void draw_cuts(Random& random, Scenario& scenario) {
  for (int64_t n = between(random, 0, 2); n > 0; --n) {
    const auto [a, b] = draw_ends(random, scenario);
    const Instant from = instant_in(random, Instant{0}, scenario.faults_stop);
    scenario.cuts.push_back({a, b, from, instant_in(random, from, scenario.faults_stop)});
  }
}

void draw_crashes(Random& random, Scenario& scenario) {
  const int64_t min = scenario.family == Family::reactions ? 1 : 0;
  for (int64_t n = between(random, min, 2); n > 0; --n) {
    const auto node = static_cast<NodeNumber>(random.below(scenario.nodes));
    Instant at = instant_in(random, Instant{0} + milliseconds(100), scenario.faults_stop);
    Instant back_at = instant_in(random, at, scenario.faults_stop);
    if (scenario.family != Family::two_nodes &&
        scenario.family != Family::network) {  // short, and when the links are busy: new sessions under load
      at = instant_in(random, Instant{scenario.faults_stop.ns * 3 / 10},
                      Instant{scenario.faults_stop.ns * 6 / 10});
      back_at = at + microseconds(between(random, 1000, 60'000));
    }
    scenario.crashes.push_back({node, at, back_at});
  }
}

// Long enough after the faults for a session to be agreed, rings to drain and flows to finish.
Duration settle_time(const Scenario& scenario) {
  SlotPlan plan{};
  CUTTLE_CHECK(plan_slots(scenario.shape, plan), "shapes are drawn so that a plan exists");
  const wire::CellFormat format(scenario.shape.cell_bytes);
  const auto ring = static_cast<int64_t>(std::bit_ceil(lane_sizes(plan, format).ring_slots));
  const Duration drain = plan.period() * (ring / plan.cells_per_slot + 1);
  return milliseconds(3500) + drain * 10 + scenario.delay * 40;
}

// An operator sets a clock right, or wrong, by up to ten years.
void draw_clock_jumps(Random& random, Scenario& scenario) {
  if (!random.chance(0.4)) return;
  for (int64_t n = between(random, 1, 3); n > 0; --n) {
    const auto node = static_cast<NodeNumber>(random.below(scenario.nodes));
    const int64_t max_s = random.chance(0.5) ? 100 : 315'000'000;
    scenario.clock_jumps.push_back({node, instant_in(random, Instant{0}, scenario.faults_stop),
                                    seconds(between(random, -max_s, max_s))});
  }
}

// A host that is busy with something else: for less than a slot, for some, now and then for so long that a
// gap is left. Where runs are compared, threads other than the pacer stand still for no longer than an answer
// can wait (kReaction): how late it comes then may show.
void draw_pauses(Random& random, Scenario& scenario, bool compared) {
  if (!random.chance(0.5)) return;
  int others = compared ? 4 : 100;
  for (int64_t n = between(random, 1, 16); n > 0; --n) {
    ThreadName thread = random.chance(0.6) ? ThreadName::pacer : kThreads[random.below(std::size(kThreads))];
    if (thread != ThreadName::pacer && others-- <= 0) thread = ThreadName::pacer;
    const bool is_short = compared && thread != ThreadName::pacer;
    const int64_t max_us = is_short             ? 2000
                           : random.chance(0.1) ? 200'000
                           : random.chance(0.5) ? 20'000
                                                : 1500;
    scenario.pauses.push_back({static_cast<NodeNumber>(random.below(scenario.nodes)), thread,
                               instant_in(random, Instant{0}, scenario.faults_stop),
                               microseconds(between(random, 10, max_us))});
  }
}

void draw_queue_resets(Random& random, Scenario& scenario) {
  if (!random.chance(0.2)) return;
  for (int64_t n = between(random, 1, 2); n > 0; --n) {
    scenario.queue_resets.push_back({static_cast<NodeNumber>(random.below(scenario.nodes)),
                                     instant_in(random, Instant{0}, scenario.faults_stop)});
  }
}

void draw_other_rate(Random& random, Scenario& scenario) {
  // Never a higher one: how slow a host may be was drawn by the other.
  constexpr uint64_t kParts[] = {2, 3, 4, 8};
  scenario.other_rate_bps = scenario.shape.rate_bps / kParts[random.below(std::size(kParts))];
}

// Epochs begin anywhere in the run.
void draw_ladder(Random& random, Scenario& scenario) {
  draw_other_rate(random, scenario);
  const Duration together = milliseconds(between(random, -100'000'000, 100'000'000));
  for (SimClock& clock : scenario.clocks) {
    const Duration wrong = milliseconds(random.chance(0.5) ? 0 : between(random, -40, 40));
    clock.wall_offset = together + wrong;
    clock.drift_ppm = 0;  // as for a calendar
  }
}

// Small packets, and none that its kernel would cut: whoever looks at the order of what comes goes by whole
// ones. Some nodes take no part.
void draw_relays(Random& random, Scenario& scenario) {
  scenario.relays = true;
  if (random.chance(0.2)) scenario.takes_no_part = static_cast<NodeNumber>(random.below(scenario.nodes));
  scenario.offloads = false;
  scenario.faults_stop = scenario.faults_stop + milliseconds(between(random, 500, 1500));
  scenario.end = scenario.faults_stop;
}

// The rate changes once in the run, at each node by its own clock, which may be wrong by some.
void draw_calendar(Random& random, Scenario& scenario) {
  draw_other_rate(random, scenario);
  const Instant change = instant_in(random, Instant{scenario.faults_stop.ns * 45 / 100},
                                    Instant{scenario.faults_stop.ns * 75 / 100});
  for (size_t i = 0; i < scenario.nodes; ++i) {
    const Duration wrong = milliseconds(random.chance(0.5) ? 0 : between(random, -40, 40));
    const Duration into_minute{
        static_cast<int64_t>(scenario.clocks[i].wall_ns(change + wrong) % 60'000'000'000)};
    scenario.clocks[i].wall_offset = scenario.clocks[i].wall_offset - into_minute;
    scenario.clocks[i].drift_ppm = 0;  // Linux slews both clocks alike
  }
}

// Somebody holds a node's cells back for longer than its peer believes a network can, and stops doing so: to
// the peer that is as if it had been set back itself (link/peer_pace.hh).
void draw_hold(Random& random, Scenario& scenario) {
  if (scenario.shape.slot > milliseconds(10) || !random.chance(0.15)) return;
  const auto [a, b] = draw_ends(random, scenario);
  scenario.faults_stop = scenario.faults_stop + milliseconds(1000);
  scenario.end = scenario.faults_stop;
  scenario.holds.push_back({a, b, milliseconds(between(random, 540, 700)),
                            instant_in(random, Instant{0} + milliseconds(900), scenario.faults_stop)});
}

// Somebody lets nothing of a node's pass for a little longer than its peer waits, and begins again about when
// the peer decides whether to ask for a new session: by what had come (engine/link_control.hh).
void draw_silence(Random& random, Scenario& scenario) {
  if (scenario.shape.slot > milliseconds(10) || !random.chance(0.15)) return;
  const auto [a, b] = draw_ends(random, scenario);
  scenario.faults_stop = scenario.faults_stop + milliseconds(1600);
  scenario.end = scenario.faults_stop;
  const Instant from = Instant{0} + milliseconds(between(random, 600, 900));
  const Instant comes = scenario.clocks[b].local(from + milliseconds(between(random, 1000, 1300)));
  const Instant tick{(comes.ns / kTick.ns + 1) * kTick.ns};
  const Instant until =
      scenario.clocks[b].global(tick) - scenario.delay + microseconds(between(random, -2000, 1000));
  scenario.cuts.push_back({a, b, from, until});
}

}  // namespace

Scenario draw_scenario(Family family, uint64_t seed) {
  Random random(seed * 3 + static_cast<uint64_t>(family));
  Scenario scenario;
  scenario.seed = seed;
  scenario.family = family;
  const bool changes = family == Family::calendar || has_ladder(family);
  const bool relays = family == Family::relay;
  const bool compared = family == Family::pairs || family == Family::reactions || changes || relays;
  const bool slow = random.chance(family == Family::network ? 0.05 : 0.1) && family != Family::reactions &&
                    !changes && !relays;
  const bool many =
      family == Family::reactions || ((family == Family::pairs || changes) && random.chance(0.3));
  scenario.nodes = many ? 3 : 2;
  if (family == Family::network || relays) scenario.nodes = static_cast<size_t>(between(random, 3, 5));
  scenario.lanes = static_cast<uint8_t>(random.chance(0.3) && !relays ? between(random, 2, 3) : 1);
  scenario.shape = draw_shape(random, family, slow, scenario.lanes);
  scenario.shape.node_lanes = static_cast<uint32_t>(scenario.nodes - 1) * scenario.lanes;
  scenario.delay = microseconds(between(random, 20, random.chance(0.2) ? 30'000 : 1000));
  if (slow && random.chance(0.5)) scenario.delay = milliseconds(between(random, 100, 600));
  scenario.faults = draw_faults(random, scenario.shape);
  scenario.faults_stop =
      Instant{0} + (slow ? seconds(between(random, 125, 250))
                         : milliseconds(compared ? between(random, 700, 1100) : between(random, 600, 1800)));
  if (has_ladder(family)) scenario.faults_stop = scenario.faults_stop + seconds(2);
  scenario.end = scenario.faults_stop;
  if (!compared) scenario.end = scenario.end + settle_time(scenario);
  if (family == Family::network || random.chance(0.3)) draw_cuts(random, scenario);
  if (family == Family::network || family == Family::reactions || random.chance(0.4)) {
    draw_crashes(random, scenario);
  }
  for (size_t i = 0; i < scenario.nodes; ++i) {
    scenario.clocks.push_back(draw_clock(random));
    scenario.starts.push_back(Instant{0} + microseconds(between(random, 0, 50'000)));
    scenario.shared_cores.push_back(random.chance(compared ? 0.8 : 0.5));
    scenario.slowness.push_back(draw_slowness(random, scenario));
  }
  scenario.flows = compared ? 0 : static_cast<uint32_t>(between(random, 1, 3));
  draw_clock_jumps(random, scenario);
  // Not faster than a slow host can follow, where runs are compared: what it loses then shows how busy it is.
  if (random.chance(0.2)) scenario.faults.initiations_per_ms = 0.05 + random.unit() * (compared ? 0.15 : 4);
  for (size_t i = 0; i < scenario.nodes; ++i) scenario.by_queue.push_back(random.chance(0.5));
  draw_pauses(random, scenario, compared);
  if (!compared) draw_key_changes(random, scenario);
  draw_queue_resets(random, scenario);
  if (changes) scenario.clock_jumps.clear();
  if (family == Family::calendar) draw_calendar(random, scenario);
  if (relays) draw_relays(random, scenario);
  if (has_ladder(family)) draw_ladder(random, scenario);
  Random more(seed * 3 + static_cast<uint64_t>(family) + (uint64_t{1} << 63));
  draw_overlapping_key_changes(more, scenario, compared);
  draw_reloads(more, scenario, compared);
  for (const bool by_queue : scenario.by_queue) {
    scenario.by_instants.push_back(more.chance(0.4) && by_queue);
  }
  if (family == Family::pairs) draw_hold(more, scenario);
  if (family == Family::pairs) draw_silence(more, scenario);
  return scenario;
}

namespace {

using Remove = void (*)(Scenario&);

void leave_one_lane(Scenario& scenario) {
  scenario.shape.rate_bps /= scenario.lanes;
  scenario.lanes = 1;
  scenario.shape.lanes = 1;
  scenario.shape.node_lanes = static_cast<uint32_t>(scenario.nodes - 1);
}

void leave_out_reloads(Scenario& scenario) {
  scenario.reloads.clear();
  scenario.not_at_first.clear();
}

const std::vector<std::pair<std::string_view, Remove>>& removals() {
  static const std::vector<std::pair<std::string_view, Remove>> all{
      {"loss", [](Scenario& s) { s.faults.loss = 0; }},
      {"duplication", [](Scenario& s) { s.faults.duplication = 0; }},
      {"reordering", [](Scenario& s) { s.faults.reordering = 0; }},
      {"corruption", [](Scenario& s) { s.faults.corruption = 0; }},
      {"replay", [](Scenario& s) { s.faults.replay = 0; }},
      {"strangers", [](Scenario& s) { s.faults.unknown_sources_per_ms = 0; }},
      {"initiations", [](Scenario& s) { s.faults.initiations_per_ms = 0; }},
      {"clock-jumps", [](Scenario& s) { s.clock_jumps.clear(); }},
      {"delay-jitter", [](Scenario& s) { s.faults.jitter = {}; }},
      {"cuts", [](Scenario& s) { s.cuts.clear(); }},
      {"holds", [](Scenario& s) { s.holds.clear(); }},
      {"crashes", [](Scenario& s) { s.crashes.clear(); }},
      {"clocks", [](Scenario& s) { std::fill(s.clocks.begin(), s.clocks.end(), SimClock{}); }},
      {"shared-cores", [](Scenario& s) { std::fill(s.shared_cores.begin(), s.shared_cores.end(), false); }},
      {"slowness", [](Scenario& s) { std::fill(s.slowness.begin(), s.slowness.end(), 1); }},
      {"slot-jitter", [](Scenario& s) { s.shape.jitter_percent = 0; }},
      {"scatter", [](Scenario& s) { s.shape.scatter = false; }},
      {"pauses", [](Scenario& s) { s.pauses.clear(); }},
      {"key-changes", [](Scenario& s) { s.key_changes.clear(); }},
      {"queue-resets", [](Scenario& s) { s.queue_resets.clear(); }},
      {"lanes", leave_one_lane},
      {"queues", [](Scenario& s) { std::fill(s.by_queue.begin(), s.by_queue.end(), false); }},
      {"flows", [](Scenario& s) { s.flows = 0; }},
      {"calendar", [](Scenario& s) { s.other_rate_bps = 0; }},  // or ladder
      {"reloads", leave_out_reloads},
      {"relays", [](Scenario& s) { s.relays = false; }},
      {"offloads", [](Scenario& s) { s.offloads = false; }},
  };
  return all;
}

}  // namespace

const std::vector<std::string_view>& ingredients() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> result;
    for (const auto& [name, remove] : removals()) result.push_back(name);
    return result;
  }();
  return names;
}

void end_at(Scenario& scenario, Instant end) {
  scenario.end = end;
  scenario.ends_early = true;
}

bool leave_out(Scenario& scenario, std::string_view ingredient) {
  for (const auto& [name, remove] : removals()) {
    if (name != ingredient) continue;
    remove(scenario);
    scenario.without.emplace_back(name);
    return true;
  }
  return false;
}

}  // namespace cuttle::sim
