#include <memory>

#include "cuttle/commands.hh"
#include "cuttle/log.hh"
#include "node/closing.hh"

namespace cuttle {

namespace {

ExitStatus close(const std::string& config) {
  // Neither the keys nor this machine's addresses need be there yet.
  const LoadedConfig loaded = load_config(config, KeyFiles::unneeded);
  complain(loaded);
  // A file that others can write is bad, and `cuttle up` will not take it; nothing closed at all is worse.
  if (!load_config(config, KeyFiles::ignore).good()) return kBadInput;
  start_log(false);
  const auto closed = close_without_agent(loaded.config, loaded.good());
  if (closed) return loaded.good() ? kDone : kBadInput;
  return complain(closed.error().message, kFailed);
}

}  // namespace

void add_close(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("close", "Close the peers' addresses, before there is an agent");
  command->footer(
      "Example:\n  cuttle close --config /etc/cuttle/osd0.toml\n\n"
      "Traffic to the peers stops until `cuttle up` carries it, or `cuttle down` lets it pass. The unit "
      "cuttle-close@NAME\n"
      "does so at boot, before the network is up. Peers that are `joining` stay open. Where an agent runs,\n"
      "everything is closed already, and nothing is changed. A configuration that others can write is an "
      "error,\n"
      "though what it names is closed.");
  const auto config = std::make_shared<std::string>();
  command->add_option("--config", *config, "The configuration that `cuttle up` will run with")
      ->required()
      ->type_name("FILE");
  command->callback([&chosen, config] { chosen = [config] { return close(*config); }; });
}

}  // namespace cuttle
