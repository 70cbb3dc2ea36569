// A driver that is not in this program is a program of its own, `cuttle-DRIVER` beside this one, which knows
// `up` with the same words: the libraries of a driver have no place in an agent that does not use it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cuttle/commands.hh"
#include "node/driver.hh"

namespace cuttle {

// What `up` is told about drivers.
struct DriverOptions {
  std::string name{};     // empty: what the configuration says
  std::string program{};  // empty: the one beside this one
  bool split = false;
  bool poll_mode = false;
  std::string metrics{};
  bool reveal = false;
  std::vector<std::string> more{};  // the driver's own

  // Anything that only a driver of another program knows.
  bool any_special() const { return split || poll_mode || !metrics.empty() || reveal || !more.empty(); }
};

// The driver in this program. `make` is asked before anything is changed; an error is bad input.
struct OwnDriver {
  std::string name;
  std::function<Result<MakeDriver>(const DriverOptions& options, const NodeConfig& config)> make;
};
OwnDriver native_driver();

void add_driver_options(CLI::App& command, DriverOptions& options);

// The driver asked for, by the option or by the configuration; `own` where that cannot be read.
std::string driver_wanted(const DriverOptions& options, const std::string& config_file, const OwnDriver& own);

// Becomes the program of that driver, with this one's arguments. Returns only when it cannot, with a message
// said.
ExitStatus become_driver(const DriverOptions& options, const std::string& name);

}  // namespace cuttle
