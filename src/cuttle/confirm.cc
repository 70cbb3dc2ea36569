#include <memory>

#include "control/client.hh"
#include "cuttle/agent_socket.hh"
#include "cuttle/commands.hh"

namespace cuttle {

namespace {

constexpr Duration kConfirmTimeout = seconds(5);

ExitStatus confirm(const AgentChoice& agent) {
  const auto socket = socket_of(agent);
  if (!socket) {
    complain(socket.error().message);
    return agent.config.empty() ? kFailed : kBadInput;
  }
  const auto answer = ask_agent(*socket, "confirm", kConfirmTimeout);
  if (answer) return kDone;
  return complain(answer.error().message, kFailed);
}

}  // namespace

void add_confirm(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("confirm", "Keep what `cuttle up --confirm` set up on trial");
  command->footer(
      "Example:\n  cuttle up --config /etc/cuttle/osd0.toml --confirm 60s &\n  cuttle confirm osd0\n\n"
      "Exit status 1 when nothing waits to be confirmed.");
  const auto agent = std::make_shared<AgentChoice>();
  add_agent_choice(*command, *agent);
  command->callback([&chosen, agent] { chosen = [agent] { return confirm(*agent); }; });
}

}  // namespace cuttle
