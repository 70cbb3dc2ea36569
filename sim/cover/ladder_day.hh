// A day of a mesh whose rates follow a ladder (src/ladder), in virtual time: what the load needs, what nodes
// say to each other, what the wire shows, and how long bytes wait. Loads and links are flows of bytes in
// steps of 100 ms; the nodes' decisions are those of src/ladder itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ladder/coordinator.hh"
#include "ladder/yielding.hh"

namespace cuttle::sim {

enum class LadderMutant {
  none,
  own_need,    // a node goes as high as it needs itself, whatever was said
  mid_epoch,   // and at once, not with the next epoch
  no_budget,   // no node counts its changes
  no_breaker,  // nobody cuts
};

struct Busy {  // of the day, in seconds
  double from_s;
  double until_s;
};

struct DayOfLoad {
  size_t nodes = 20;
  double busy_bps = 400e6;  // of each link, in these times; else
  double idle_bps = 50e6;
  std::vector<Busy> busy{{9 * 3600.0, 12 * 3600.0}};
  double spread_s = 20;  // each node's times begin so much earlier or later, at the most
  uint64_t seed = 1;
};

struct LadderOptions {
  std::vector<uint64_t> rates_bps{62'500'000, 500'000'000};
  double epoch_s = 10;
  double budget_bits = 48;
  uint32_t going_down_epochs = 30;
  double headroom = 1.05;      // a need is so much more than what came
  double message_loss = 0.01;  // each is sent three times
  double day_s = 86'400;
  std::vector<Busy> first_node_down{};  // the coordinator's outages
  // Nodes yield to loss: in these times no path carries more than that, and what is above is lost.
  bool yields = false;
  std::vector<Busy> narrow{};
  double narrow_bps = 0;
  LadderMutant mutant = LadderMutant::none;
  // Not by need: these steps are said, whatever the load (of two loads with the same steps one wire is
  // expected).
  const std::vector<uint32_t>* said = nullptr;
};

struct RateSeen {  // on the wire of one node's links
  double at_s;
  uint64_t rate_bps;
  bool operator==(const RateSeen&) const = default;
};

struct DayResult {
  double bytes = 0;  // sent by all links
  double wait_p50_s = 0;
  double wait_p99_s = 0;
  std::vector<uint32_t> said;                // for each epoch
  std::vector<std::vector<RateSeen>> wires;  // of each node
  ladder::StepKeeper::Counters counters;     // of all nodes
  uint32_t cuts = 0;                         // nodes whose breaker cut
  double lost_s = 0;                         // that the first node's links lost more than 1 %
  uint32_t changes_allowed = 0;
  double bits_allowed = 0;
};

DayResult run_day(const DayOfLoad& load, const LadderOptions& options);
// The same load at one rate all day.
DayResult run_flat_day(const DayOfLoad& load, uint64_t rate_bps, double day_s = 86'400);

struct BitsChecked {
  double bits = 0;       // that a schedule with as many changes as the busiest wire's can tell
  uint32_t changes = 0;  // of that wire
  std::string trouble;   // a change between epochs, or more of them than allowed; empty: none
};
BitsChecked check_wires(const DayResult& result, const LadderOptions& options);

}  // namespace cuttle::sim
