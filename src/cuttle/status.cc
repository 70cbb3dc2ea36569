#include "control/status.hh"

#include <fmt/format.h>

#include <memory>

#include "control/client.hh"
#include "cuttle/commands.hh"

namespace cuttle {

namespace {

constexpr Duration kPatience = seconds(5);

struct StatusOptions {
  std::string node;
  std::string socket;
  std::string config;
  bool json = false;
};

// The socket to ask; otherwise says why there is none.
Result<std::string> socket_to_ask(const StatusOptions& options) {
  if (!options.socket.empty()) return options.socket;
  if (!options.node.empty()) return control_socket_of(options.node);
  if (!options.config.empty()) {
    const LoadedConfig loaded = load_config(options.config, KeyFiles::ignore);
    if (loaded.good()) return loaded.config.control_socket;
    complain(loaded);
    return failure(options.config + ": not a good configuration");
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

ExitStatus print_status(const StatusOptions& options) {
  const auto socket = socket_to_ask(options);
  if (!socket) {
    complain(socket.error().message);
    return options.config.empty() ? kFailed : kBadInput;
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
  CLI::Option* node =
      command->add_option("NODE", options->node, "The node's name, when several agents run here");
  CLI::Option* socket = command->add_option("--socket", options->socket, "The agent's control socket");
  CLI::Option* config =
      command->add_option("--config", options->config, "The agent's configuration, which names its socket");
  socket->type_name("PATH")->excludes(node)->excludes(config);
  config->type_name("FILE")->excludes(node);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([&chosen, options] { chosen = [options] { return print_status(*options); }; });
}

}  // namespace cuttle
