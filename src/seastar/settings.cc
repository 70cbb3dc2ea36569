#include "seastar/settings.hh"

#include <fmt/format.h>

namespace cuttle {

namespace {

// The lanes' rings and buffers come before the reactors; what is left are tasks, messages and metrics.
constexpr unsigned kMegabytesPerShard = 64;
// A descriptor in each control block: a TUN and a socket a lane, and the metrics' connections.
constexpr unsigned kControlBlocks = 2048;

}  // namespace

seastar::app_template::seastar_options seastar_settings(const NodeConfig& config,
                                                        const SeastarOptions& options) {
  seastar::app_template::seastar_options settings;
  settings.name = "cuttle-seastar";
  settings.description = "Options of Seastar";
  settings.auto_handle_sigint_sigterm = false;  // the agent's control thread does
  settings.smp_opts.smp.set_default_value(config.shards);
  settings.smp_opts.memory.set_default_value(fmt::format("{}M", kMegabytesPerShard * config.shards));
  settings.reactor_opts.max_networking_io_control_blocks.set_default_value(kControlBlocks);
  (void)options;
  return settings;
}

SeastarArguments seastar_arguments(const SeastarOptions& options) {
  SeastarArguments arguments;
  arguments.words = {"cuttle-seastar", "--overprovisioned", "--default-log-level=error"};
  if (options.poll_mode) arguments.words.push_back("--poll-mode");
  arguments.words.insert(arguments.words.end(), options.more.begin(), options.more.end());
  for (std::string& word : arguments.words) arguments.pointers.push_back(word.data());
  return arguments;
}

}  // namespace cuttle
