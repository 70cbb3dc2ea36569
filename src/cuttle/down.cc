#include <memory>

#include "cuttle/commands.hh"
#include "cuttle/log.hh"
#include "node/agent.hh"

namespace cuttle {

namespace {

ExitStatus down(const std::string& config, const std::vector<std::string>& closed_before) {
  // The keys may be gone already: what is to be undone does not need them.
  const LoadedConfig loaded = load_config(config, KeyFiles::unneeded);
  complain(loaded);
  if (!loaded.good()) return kBadInput;
  std::vector<ClosedAddress> stays_closed;
  for (const std::string& text : closed_before) {
    const auto closed = ClosedAddress::parse(text);
    if (!closed) return complain(text + ": no address");
    stays_closed.push_back(*closed);
  }
  start_log(false);
  const auto undone = take_down(loaded.config, stays_closed);
  if (undone) return kDone;
  return complain(undone.error().message, kFailed);
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
  // For `cuttle up --confirm`, whose second process runs this after a crash.
  const auto closed_before = std::make_shared<std::vector<std::string>>();
  command->add_option(kClosedBefore, *closed_before)->group("");
  command->callback([&chosen, config, closed_before] {
    chosen = [config, closed_before] { return down(*config, *closed_before); };
  });
}

}  // namespace cuttle
