// What the same hiding costs by other ways than one rate all day: bytes, latency, bits told, money; for a
// load whose hours are known (an export of Prometheus). Pure.
//
// The replay says what rate the busiest stretch needs. All else is measured by that: what is half as busy
// needs half of it. Waits beyond the replay's are those of a flow at the export's means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "link/calendar.hh"
#include "plan/advice.hh"
#include "report/page.hh"

namespace cuttle::plan {

struct CompareWanted {
  double price_per_gb = 0;  // in whatever money; 0: not asked
  double budget_bits = 48;  // a day, of the ladder
  uint32_t nodes = 0;       // of the mesh, for relays; 0: not asked
};

struct Way {
  std::string name;
  double bytes_a_day = 0;  // each way, of a link; with `nodes`, of all of a node's links
  double added_p99_s = 0;
  double bits_a_day = 0;  // that its changes of rate can tell, at the most
  std::string note;
};

struct ProposedCalendar {
  uint64_t otherwise_bps = 0;
  std::vector<CalendarEntry> entries;
  bool by_weekday = false;  // the load was seen for six days at least; else every day is alike
};

struct Comparison {
  std::vector<Way> ways;  // the first is one rate all day
  ProposedCalendar calendar;
  CompareWanted wanted;
  std::vector<std::pair<double, double>> load_bps;      // by hours since the first step: for a plot
  std::vector<std::pair<double, double>> calendar_bps;  // the same
};

// Nullopt where the load's hours are not known or no rate is good enough.
std::optional<Comparison> compare(const LinkLoad& load, const Advice& advice, const CompareWanted& wanted);

// From what was needed in each hour: few rates, each hour at the lowest of them that is enough. `flat_bps`:
// of hours that nothing is known of.
ProposedCalendar propose_calendar(const std::vector<LoadStep>& steps, uint64_t flat_bps);
// As it stands in a configuration.
std::string to_toml(const ProposedCalendar& calendar);

std::string to_string(const Comparison& comparison);
report::Table ways_table(const Comparison& comparison);

}  // namespace cuttle::plan
