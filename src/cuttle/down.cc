#include <memory>

#include "cuttle/commands.hh"
#include "cuttle/log.hh"
#include "node/agent.hh"

namespace cuttle {

namespace {

ExitStatus down(const std::string& config) {
  // The keys may be gone already: what is to be undone does not need them.
  const LoadedConfig loaded = load_config(config, KeyFiles::ignore);
  complain(loaded);
  if (!loaded.good()) return kBadInput;
  start_log(false);
  const auto undone = take_down(loaded.config);
  if (undone) return kDone;
  complain(undone.error().message);
  return kFailed;
}

}  // namespace

void add_down(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("down", "Undo every route, rule and interface of this node");
  command->footer(
      "Example:\n  cuttle down --config /etc/cuttle/osd0.toml\n\n"
      "From then on traffic to the peers leaves unshaped. What is not there is no error.");
  const auto config = std::make_shared<std::string>();
  command->add_option("--config", *config, "The configuration that `cuttle up` ran with")
      ->required()
      ->type_name("FILE");
  command->callback([&chosen, config] { chosen = [config] { return down(*config); }; });
}

}  // namespace cuttle
