#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/units.hh"
#include "cuttle/commands.hh"
#include "cuttle/drivers.hh"
#include "cuttle/log.hh"
#include "helper/privileged_helper.hh"
#include "io/dead_mans_switch.hh"
#include "io/realtime.hh"
#include "node/agent.hh"
#include "node/leftovers.hh"

namespace cuttle {

namespace {

struct UpOptions {
  std::string config;
  std::string debug_keys;
  std::string debug_static_keys;
  std::string debug_draws;
  std::string confirm;
  bool verbose = false;
  bool json_log = false;
  DriverOptions driver;
};

constexpr Duration kLongestTrial = seconds(3600);

ExitStatus up(const UpOptions& options, const OwnDriver& own, AgentOptions agent) {
  start_log(options.verbose, options.json_log ? LogForm::json : LogForm::text);
  // A process of its own changes the machine and reads the files, at the start as at every reload: this one
  // gives away what both take.
  auto machine = helper::start_privileged_helper(
      {.file = options.config, .driver = own.name, .on_trial = agent.confirm_within.has_value()});
  if (!machine) return complain(machine.error().message, kFailed);
  // Before any key is in it; whoever may not is told when the agent starts.
  (void)lock_memory();
  LoadedConfig loaded = (*machine)->read_configuration();
  complain(loaded);
  if (!loaded.good()) return kBadInput;
  auto driver = own.make(options.driver, loaded.config);
  if (!driver) return complain(driver.error().message);
  agent.make_driver = std::move(*driver);
  agent.debug_keys_file = options.debug_keys;
  agent.debug_static_keys_file = options.debug_static_keys;
  agent.debug_draws_file = options.debug_draws;
  const auto ran = run_agent(loaded, **machine, agent);
  if (ran) return kDone;
  return complain(ran.error().message, kFailed);
}

// What was closed before a trial stays closed after it.
Result<std::vector<std::string>> down_command(const std::string& config) {
  std::vector<std::string> words{"/proc/self/exe", "down", "--config", config};
  const LoadedConfig loaded = load_config(config, KeyFiles::ignore);
  if (!loaded.good()) return words;  // it will not start either
  const auto closed = closed_addresses(loaded.config);
  if (!closed) return tl::unexpected(closed.error());
  for (const ClosedAddress& one : *closed) words.insert(words.end(), {kClosedBefore, one.to_string()});
  return words;
}

// With --confirm, `cuttle down` is run by a second process should this one crash before it is confirmed.
ExitStatus up_on_trial(const UpOptions& options, const OwnDriver& own) {
  const auto time = parse_duration(options.confirm);
  if (!time || time->ns <= 0 || *time > kLongestTrial)
    return complain(
        fmt::format("--confirm '{}': not a duration of at most an hour; write 60s", options.confirm));
  auto command = down_command(options.config);
  if (!command) return complain(command.error().message, kFailed);
  auto will = DeadMansSwitch::make(std::move(*command));
  if (!will) return complain(will.error().message, kFailed);
  AgentOptions agent;
  agent.confirm_within = time;
  agent.on_confirmed = [&will] { will->revoke(); };
  bool left_behind = false;
  agent.on_left_behind = [&left_behind] { left_behind = true; };
  const ExitStatus status = up(options, own, agent);
  if (!left_behind) will->revoke();
  return status;
}

ExitStatus up_with_driver(const UpOptions& options, const OwnDriver& own, bool on_trial) {
  const std::string wanted = driver_wanted(options.driver, options.config, own);
  if (wanted != own.name) return become_driver(options.driver, wanted);
  return on_trial ? up_on_trial(options, own) : up(options, own, {});
}

}  // namespace

void add_up(CLI::App& app, Action& chosen, const OwnDriver& own) {
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
  command
      ->add_option(
          "--debug-static-keys", options->debug_static_keys,
          "Take the keys of links with another implementation of RFC 9347 from this file, and empty it. "
          "Whoever wrote it can read the traffic")
      ->type_name("FILE");
  command
      ->add_option("--debug-draws", options->debug_draws,
                   "Append to this file when each train was to leave, for `cuttle audit --schedule`")
      ->type_name("FILE");
  CLI::Option* confirm = command->add_option("--confirm", options->confirm,
                                             "Take everything back, as `cuttle down` would, unless `cuttle "
                                             "confirm` comes within this time (60s), or "
                                             "when it ends before; what was closed before stays closed");
  confirm->type_name("TIME");
  command->add_flag("-v,--verbose", options->verbose, "Log more");
  command->add_flag("--json-log", options->json_log, "Log one JSON object a line: time, level, message");
  add_driver_options(*command, options->driver);
  command->callback([&chosen, options, confirm, own] {
    const bool on_trial = confirm->count() > 0;
    chosen = [options, on_trial, own] { return up_with_driver(*options, own, on_trial); };
  });
}

}  // namespace cuttle
