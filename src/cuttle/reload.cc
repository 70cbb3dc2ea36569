#include <fmt/format.h>

#include <memory>

#include "control/client.hh"
#include "control/reload_report.hh"
#include "cuttle/agent_socket.hh"
#include "cuttle/commands.hh"

namespace cuttle {

namespace {

// Interfaces, routes and rules take a while, and each link that leaves the end of its slot.
constexpr Duration kReloadTimeout = seconds(60);

ExitStatus reload(const AgentChoice& agent) {
  const auto socket = socket_of(agent);
  if (!socket) {
    complain(socket.error().message);
    return agent.config.empty() ? kFailed : kBadInput;
  }
  const auto document = ask_agent(*socket, "reload", kReloadTimeout);
  if (!document) return complain(document.error().message, kFailed);
  const auto report = reload_report_from_json(*document);
  if (!report) return complain(*socket + ": " + report.error().message, kFailed);
  for (const std::string& line : report->problems) fmt::print(stderr, "{}\n", line);
  if (!report->reloaded) {
    complain("not reloaded; what ran before goes on");
    return kBadInput;
  }
  fmt::print("{}\n", to_string(*report));
  for (const std::string& line : report->undone) complain(line);
  return report->undone.empty() ? kDone : kFailed;
}

}  // namespace

void add_reload(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("reload", "Have a running agent read its configuration and key files again");
  command->footer(
      "Example:\n  cuttle reload osd0\n\n"
      "Peers come and go and change their keys; links that stay the same go on undisturbed. A link whose\n"
      "endpoint, addresses, shape or lanes changed starts anew. SIGHUP does the same.\n"
      "Exit status 2 when the configuration is not good, or asks for what takes a restart: nothing was\n"
      "changed then. 1 when something that it asks for could not be done.");
  const auto agent = std::make_shared<AgentChoice>();
  add_agent_choice(*command, *agent);
  command->callback([&chosen, agent] { chosen = [agent] { return reload(*agent); }; });
}

}  // namespace cuttle
