// Which rate for which load: several of them tried, and the cheapest that is good enough.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "capacity/host_costs.hh"
#include "config/config.hh"
#include "plan/load.hh"
#include "plan/replay.hh"

namespace cuttle::plan {

struct Wanted {
  std::vector<uint64_t> rates_bps;      // empty: a choice that fits the load
  Shape shape;                          // slot and cell; cell_bytes 0: the default of the load's family
  Duration latency = milliseconds(10);  // added, at the 99th percentile
};

struct Option {
  Shape shape;
  SlotPlan plan;
  Replay replay;
  double bytes_a_day = 0;  // each way
  double cpu = 0;          // cores on each end of the link, about, with cover alone
  double cpu_full = 0;     // the same, full of data
};

struct Advice {
  std::vector<Option> options;        // by rate
  std::optional<size_t> recommended;  // none: not even the highest rate tried is good enough
  capacity::HostCosts costs;          // that the cores were counted by
};

// `costs`: for cells of the wanted size, or the default one. Fails when no schedule keeps a wanted shape.
Result<Advice> advise(const LinkLoad& load, const Wanted& wanted, const capacity::HostCosts& costs);

// Whether such a machine carries it full of data, with nothing left for anybody else.
bool is_carried(const Option& option, const capacity::HostCosts& costs);

// Rates around what a load needs, round figures from just above its mean to just above its peak.
std::vector<uint64_t> rates_to_try(const LinkLoad& load);

}  // namespace cuttle::plan
