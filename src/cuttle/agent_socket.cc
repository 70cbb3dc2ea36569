#include "cuttle/agent_socket.hh"

#include <fmt/format.h>

#include "control/client.hh"
#include "cuttle/commands.hh"

namespace cuttle {

void add_agent_choice(CLI::App& command, AgentChoice& choice) {
  CLI::Option* node =
      command.add_option("NODE", choice.node, "The node's name, when several agents run here");
  CLI::Option* socket = command.add_option("--socket", choice.socket, "The agent's control socket");
  CLI::Option* config =
      command.add_option("--config", choice.config, "The agent's configuration, which names its socket");
  socket->type_name("PATH")->excludes(node)->excludes(config);
  config->type_name("FILE")->excludes(node);
}

Result<std::string> socket_of(const AgentChoice& choice) {
  if (!choice.socket.empty()) return choice.socket;
  if (!choice.node.empty()) return control_socket_of(choice.node);
  if (!choice.config.empty()) {
    const LoadedConfig loaded = load_config(choice.config, KeyFiles::ignore);
    if (loaded.good()) return loaded.config.control_socket;
    complain(loaded);
    return failure(choice.config + ": not a good configuration");
  }
  const std::vector<std::string> sockets = find_control_sockets(std::string(kControlFolder));
  if (sockets.size() == 1) return sockets.front();
  if (sockets.empty()) {
    return failure(fmt::format("no agent is running: there is no socket in {}; --socket names one elsewhere",
                               kControlFolder));
  }
  std::string message = "several agents run here; name one:";
  for (const std::string& socket : sockets) {
    const size_t begin = kControlFolder.size() + 1;
    message += " " + socket.substr(begin, socket.size() - begin - std::string_view(".sock").size());
  }
  return failure(message);
}

}  // namespace cuttle
