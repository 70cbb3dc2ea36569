// `join`: this host into the mesh.
#include <ctime>
#include <memory>

#include "host_files.hh"
#include "io/child_process.hh"
#include "join_host.hh"
#include "local_agent.hh"

namespace cuttle::mesh {

namespace {

// What bounds the store from now on: from the store as well, unless the command line has it.
std::string bounds_of(const MeshConfig& mesh) {
  std::string networks;
  for (const IpPrefix& network : mesh.networks) networks += " " + network.to_string();
  return fmt::format("its peers may be {}{}, and their entries {}", networks.empty() ? "anywhere" : "in",
                     networks,
                     mesh.signing_key ? "are to be signed with " + mesh.signing_key->to_string()
                                      : std::string("need no signature"));
}

int join(const JoinOptions& options) {
  const auto joined = join_host(options);
  if (!joined) return complain(joined.error().message, kFailed);
  const auto node = read_node_file(joined->config);
  if (!node) return complain(node.error().message, kFailed);
  // The others' entries, so that the agent starts with its links.
  RadosStore store(access_of(*node));
  LocalAgent agent(node->config);
  Keeper keeper({store, agent, machine_addresses}, joined->config);
  if (auto looked = keeper.look(steady_now(), std::time(nullptr)); !looked)
    return complain(looked.error().message, kFailed);
  const Files files = files_of(node->config.mesh->peers_file);
  const auto known = read_known(files, node->text);
  size_t links = 0;
  for (const auto& [host, pin] : known ? known->pins : std::map<std::string, Pin>()) {
    links += pin.standing == Standing::in ? 1 : 0;
  }
  fmt::print("{} is in the mesh as {}, with {} other host{}\n", joined->entry.host,
             joined->entry.endpoint.to_string(), links, links == 1 ? "" : "s");
  fmt::print("  its identity, for whoever has to sign or accept it: {}\n",
             joined->entry.identity.to_string());
  fmt::print("  {}\n", bounds_of(*node->config.mesh));
  for (const MeshProblem& problem : keeper.problems()) {
    fmt::print("  {}: {}; {}\n", problem.host, problem.text, problem.fix);
  }
  if (node->config.mesh->signing_key) {
    fmt::print(
        "The others take it in once it is signed, at the desk, where FILE is the signing key:\n"
        "  cuttle mesh sign --key FILE --identity {} {}\n",
        joined->entry.identity.to_string(), joined->entry.host);
  }
  if (options.no_systemd) {
    fmt::print("Start: cuttle up --config {0}; cuttle mesh serve --config {0}\n", joined->config);
    return kDone;
  }
  for (const char* unit : {"cuttle@", "cuttle-mesh@"}) {
    if (auto enabled = systemctl({"enable", "--now", unit + joined->node}); !enabled) {
      return complain(enabled.error().message, kFailed);
    }
  }
  return kDone;
}

}  // namespace

void add_join(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("join", "Take this host into the mesh: keys, entry, configuration, units");
  command->footer(
      "Example:\n  cuttle mesh join\n"
      "  cuttle mesh join --host osd0.site-a.example --listen 10.77.0.11\n\n"
      "Run it on the host, as root, with the keyring there that `cuttle mesh init` tells how to make. The "
      "private\n"
      "keys are made here and stay here.");
  const auto options = std::make_shared<JoinOptions>();
  options->access.name.clear();
  add_access(*command, options->access);
  command->add_option("--host", options->host,
                      "This host's name in the mesh; default: as the machine calls itself");
  command->add_option("--node", options->node, "What its agent is called; default: the host's short name");
  command
      ->add_option("--listen", options->listen,
                   "The address that cells arrive at; default: one of the network's")
      ->type_name("ADDRESS");
  command
      ->add_option("--address", options->addresses,
                   "Of this host, to be redirected; default: those of its daemons by the cluster's maps")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  command
      ->add_option("--network", options->networks,
                   "Where peers' addresses may be; default: as the record says")
      ->type_name("PREFIX")
      ->allow_extra_args(false);
  command
      ->add_option("--signing-key", options->signing_key,
                   "Believe only entries signed with it; default: as the record says")
      ->type_name("KEY");
  command->add_option("--folder", options->folder, "For configuration and keys")->capture_default_str();
  command->add_option("--state", options->state, "For what cuttle-mesh knows")->capture_default_str();
  command->add_option("--control-socket", options->control_socket, "Of the agent")->type_name("PATH");
  command->add_option("--runtime", options->runtime, "Lines of [runtime]")->group("");
  command->add_flag("--again", options->again,
                    "Write configuration and entry anew; keys that are there stay");
  command->add_flag("--no-systemd", options->no_systemd, "Start no units");
  command->callback([&chosen, options] { chosen = [options] { return join(*options); }; });
}

}  // namespace cuttle::mesh
