// The agent: one node, all of its links, in the foreground. What `cuttle up` runs and `cuttle down` undoes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "config/config.hh"
#include "config/key_files.hh"
#include "config/load.hh"
#include "node/closed_address.hh"
#include "node/driver.hh"
#include "node/machine.hh"

namespace cuttle {

struct AgentOptions {
  std::string debug_draws_file{};        // empty: none (node/draw_log.hh)
  std::string debug_keys_file{};         // empty: none (node/key_log.hh)
  std::string debug_static_keys_file{};  // empty: none (node/static_keys.hh)
  // On trial: without `cuttle confirm` in this time after it is up, and when it is stopped before, the agent
  // takes everything back.
  std::optional<Duration> confirm_within{};
  std::function<void()> on_confirmed{};    // called on the control thread
  std::function<void()> on_left_behind{};  // the same, when a trial that is over could not be taken back
  MakeDriver make_driver{};                // empty: the native one (node/native_driver.hh)
};

// Sets up interfaces, routes, guard and threads, says so to systemd (Type=notify), and runs until SIGTERM or
// SIGINT; SIGHUP and the request "reload" have it read its configuration again. Routes, guard and interfaces
// stay behind on purpose: traffic to a peer then stops instead of leaving unshaped. An error means that
// nothing was started and what this call had set up was undone.
// `loaded` is good, and what `machine` has read; its keys are wiped once the agent has its own.
Result<void> run_agent(LoadedConfig& loaded, Machine& machine, const AgentOptions& options);

// Undoes every route, rule, interface and guard of this node. What is not there is no error; an agent of this
// node that still runs is one. `stays_closed`: addresses that were closed before a trial, and are to be after
// it.
Result<void> take_down(const NodeConfig& config, const std::vector<ClosedAddress>& stays_closed = {});

}  // namespace cuttle
