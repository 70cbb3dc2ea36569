// What Seastar is told on start: from the configuration, and what fits a program that shares its machine with
// a storage daemon. Seastar's own defaults are for a program that has the machine to itself: a shard on every
// CPU, all memory, and polling.
#pragma once

#include <memory>
#include <seastar/core/app-template.hh>

#include "base/result.hh"
#include "config/config.hh"
#include "seastar/options.hh"

namespace cuttle {

using SeastarSettings = seastar::app_template::seastar_options;

// An error: what cannot be had on this machine, or an option that is wrong. Seastar's backends are looked
// for, so it is not to be called once the process has given away the right to open them.
Result<std::shared_ptr<SeastarSettings>> seastar_settings(const NodeConfig& config,
                                                          const SeastarOptions& options);

}  // namespace cuttle
