#include <memory>

#include "cuttle/commands.hh"
#include "cuttle/log.hh"
#include "node/agent.hh"
#include "node/preflight.hh"

namespace cuttle {

namespace {

struct UpOptions {
  std::string config;
  std::string debug_keys;
  bool verbose = false;
};

ExitStatus up(const UpOptions& options) {
  LoadedConfig loaded = load_config(options.config, KeyFiles::read);
  if (loaded.good()) check_machine(loaded.config, loaded.lines, loaded.problems);
  complain(loaded);
  if (!loaded.good()) return kBadInput;
  start_log(options.verbose);
  const auto ran = run_agent(loaded.config, *loaded.keys, {.debug_keys_file = options.debug_keys});
  if (ran) return kDone;
  complain(ran.error().message);
  return kFailed;
}

}  // namespace

void add_up(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("up", "Run this node in the foreground, until SIGTERM or SIGINT");
  command->footer(
      "Example:\n  cuttle up --config /etc/cuttle/osd0.toml\n\n"
      "Interfaces, routes and the guard stay when it ends, so that traffic to a peer stops instead of "
      "leaving\n"
      "unshaped; `cuttle down` removes them.");
  const auto options = std::make_shared<UpOptions>();
  command->add_option("--config", options->config, "The configuration")->required()->type_name("FILE");
  command
      ->add_option(
          "--debug-keys", options->debug_keys,
          "Append the session keys to this file, to decrypt captures with. Whoever has it can read the "
          "traffic")
      ->type_name("FILE");
  command->add_flag("-v,--verbose", options->verbose, "Log more");
  command->callback([&chosen, options] { chosen = [options] { return up(*options); }; });
}

}  // namespace cuttle
