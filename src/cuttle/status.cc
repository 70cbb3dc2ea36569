#include "control/status.hh"

#include <fmt/format.h>

#include <memory>

#include "control/client.hh"
#include "cuttle/agent_socket.hh"
#include "cuttle/commands.hh"

namespace cuttle {

namespace {

constexpr Duration kPatience = seconds(5);

struct StatusOptions {
  AgentChoice agent;
  bool json = false;
};

ExitStatus print_status(const StatusOptions& options) {
  const auto socket = socket_of(options.agent);
  if (!socket) {
    complain(socket.error().message);
    return options.agent.config.empty() ? kFailed : kBadInput;
  }
  const auto document = ask_agent(*socket, "status", kPatience);
  if (!document) {
    complain(document.error().message);
    return kFailed;
  }
  const auto status = status_from_json(*document);
  if (!status) {
    complain(*socket + ": " + status.error().message);
    return kFailed;
  }
  fmt::print("{}", options.json ? *document : render_table(*status));
  return kDone;
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("status", "Ask a running agent how its links are");
  command->footer(
      "Example:\n  cuttle status\n  cuttle status osd0 --json | jq .links[0].cells\n\n"
      "Without a name, asks the one agent that runs here. Exit status 1 when none answers.");
  const auto options = std::make_shared<StatusOptions>();
  add_agent_choice(*command, options->agent);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([&chosen, options] { chosen = [options] { return print_status(*options); }; });
}

}  // namespace cuttle
