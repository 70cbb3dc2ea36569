// From the configuration that an agent runs with to another one: what has to happen to each link, and what
// cannot happen while it runs. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.hh"
#include "config/key_files.hh"
#include "config/problem.hh"
#include "control/reload_report.hh"

namespace cuttle {

// Peers by their place in the wanted configuration; each is in one list.
struct ReloadPlan {
  std::vector<size_t> added;
  std::vector<size_t> restarted;     // endpoint, addresses, shape or lanes changed: a new link in its place
  std::vector<size_t> rekeyed;       // only keys changed: the session goes on
  std::vector<size_t> kept;          // nothing changed
  std::vector<std::string> removed;  // names in the configuration that runs

  bool only_keys() const { return added.empty() && restarted.empty() && removed.empty(); }
};

// A peer is the same as long as its name is. `running`: the names of the links there are; one of them may be
// missing where an earlier change failed halfway.
ReloadPlan compare_links(const NodeConfig& now, const NodeKeys& keys_now,
                         const std::vector<std::string>& running, const NodeConfig& wanted,
                         const NodeKeys& keys_wanted);

// Whether nothing but the place of a line differs.
bool says_the_same(NodeConfig a, NodeConfig b);

// A plan in names, as what `cuttle reload` is told.
ReloadReport report_of(const ReloadPlan& changes, const NodeConfig& wanted);

// Notes each value of the wanted configuration that differs and takes a restart of the agent.
void check_unchangeable(const NodeConfig& now, const NodeConfig& wanted, const SourceMap& lines,
                        Problems& problems);

}  // namespace cuttle
