// Everything about a run that does not depend on payload, drawn from one seed: topology, shape, clocks, what
// the network does and when, who crashes. Printable, and made of ingredients that can be left out one by one,
// which is how a failing run is shrunk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "link/schedule.hh"
#include "sim/sim_clock.hh"
#include "sim/sim_network.hh"
#include "sim/sim_thread.hh"

namespace cuttle::sim {

enum class Family {
  two_nodes,  // one link under everything the network can do
  network,    // three to five nodes, with crashes and partitions besides
  pairs,      // short, for comparing two runs with different payload
  reactions,  // the same with short slots and a node that starts anew: handshakes under load
  calendar,   // like pairs, and in the middle of it the rate changes by a calendar
  ladder,     // like pairs, longer, and the rate changes by a ladder, of which the said steps are given
  relay,      // like pairs, longer, with nodes that relay for each other
  yielding,   // like ladder, and nodes tell each other what is lost
};
inline constexpr Family kFamilies[] = {Family::two_nodes, Family::network, Family::pairs, Family::reactions,
                                       Family::calendar,  Family::ladder,  Family::relay, Family::yielding};
const char* family_name(Family family);

// By a ladder, not a calendar.
inline bool has_ladder(Family family) {
  return family == Family::ladder || family == Family::yielding;
}

struct Cut {
  NodeNumber a;
  NodeNumber b;
  Instant from;
  Instant until;
};

struct Crash {
  NodeNumber node;
  Instant at;
  Instant back_at;
};

struct ThreadPause {
  NodeNumber node;
  ThreadName thread;
  Instant at;
  Duration length;
};

// A node changes its static key: its peers are told of the new one, then it takes it, then they forget the
// old one, each a reload, so long after the other.
struct KeyChange {
  NodeNumber node;
  Instant at;
  Duration apart;
};

// Links of a node end, others begin, by one reload; the other ends have reloads of their own. One that is in
// both begins anew.
struct Reload {
  NodeNumber node;
  Instant at;
  std::vector<NodeNumber> leaving;
  std::vector<NodeNumber> coming;
};

struct Ends {  // of a link
  NodeNumber a;
  NodeNumber b;
};

struct Hold {  // from a to b everything takes so much longer, until then
  NodeNumber a;
  NodeNumber b;
  Duration by;
  Instant until;
};

struct QueueReset {  // of a queue that keeps time
  NodeNumber node;
  Instant at;
};

struct ClockJump {  // of the wall clock
  NodeNumber node;
  Instant at;
  Duration by;
};

struct Scenario {
  uint64_t seed = 0;
  Family family = Family::two_nodes;
  size_t nodes = 2;   // each with a link to every other
  uint8_t lanes = 1;  // of each link
  ShapeRequest shape{};
  // By the calendar, in every second minute, or of the ladder, whose top is that of `shape`; 0: there is
  // none.
  uint64_t other_rate_bps = 0;
  bool relays = false;                        // nodes relay for each other
  std::optional<NodeNumber> takes_no_part{};  // but this one
  Duration delay{};
  Faults faults;
  std::vector<Cut> cuts;
  std::vector<Hold> holds;
  std::vector<Crash> crashes;
  std::vector<ClockJump> clock_jumps;
  std::vector<ThreadPause> pauses;
  std::vector<KeyChange> key_changes;
  std::vector<QueueReset> queue_resets;
  std::vector<Reload> reloads;
  std::vector<Ends> not_at_first;  // links that come by a reload
  std::vector<SimClock> clocks;    // of each node
  std::vector<Instant> starts;     // of each node
  std::vector<bool> shared_cores;  // of each node
  std::vector<int64_t> slowness;   // of each node
  std::vector<bool> by_queue;      // of each node: a queue keeps time
  std::vector<bool> by_instants;   // of each node: and it is one that reads instants
  uint32_t flows = 0;              // TCP-like flows
  bool offloads = true;            // some hosts leave checksums and cutting TCP to others
  Instant faults_stop{};           // and the loads, too
  Instant end{};
  std::vector<std::string> without;  // the ingredients that were left out
  bool ends_early = false;           // end_at was called

  std::string describe() const;
};

Scenario draw_scenario(Family family, uint64_t seed);

// What can be left out: "loss", "duplication", "crashes", ...
const std::vector<std::string_view>& ingredients();
// False for a name that is no ingredient.
bool leave_out(Scenario& scenario, std::string_view ingredient);
// For pairs of runs: an earlier end.
void end_at(Scenario& scenario, Instant end);

}  // namespace cuttle::sim
