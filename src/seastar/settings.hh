// What Seastar is told on start: from the configuration, and what fits a program that shares its machine with
// a storage daemon. Seastar's own defaults are for a program that has the machine to itself: a shard on every
// CPU, all memory, and polling.
#pragma once

#include <seastar/core/app-template.hh>
#include <string>
#include <vector>

#include "config/config.hh"
#include "seastar/options.hh"

namespace cuttle {

seastar::app_template::seastar_options seastar_settings(const NodeConfig& config,
                                                        const SeastarOptions& options);

// The command line that Seastar reads, which goes before the settings. `pointers` point into `words`.
struct SeastarArguments {
  std::vector<std::string> words;
  std::vector<char*> pointers;
};
SeastarArguments seastar_arguments(const SeastarOptions& options);

}  // namespace cuttle
