// `status`: whom this host knows, and what is wrong, by what is on its disk and in the store. Changes
// nothing.
#include <algorithm>
#include <memory>

#include "access.hh"
#include "local_agent.hh"
#include "mesh/peers_text.hh"

namespace cuttle::mesh {

namespace {

struct StatusOptions {
  std::string config;
};

std::string link_of(const std::optional<StatusSnapshot>& agent, const std::string& name) {
  if (!agent) return "no agent";
  const LinkStatus* link = link_named(*agent, name);
  return link == nullptr ? "no link" : link->state + (link->open ? ", OPEN" : "");
}

Result<StoreView> view_of(Store& store) {
  auto view = ask_entries(store);
  if (!view) return view;
  auto owners = ask_owners(store);
  if (!owners) return tl::unexpected(owners.error());
  view->owners = std::move(*owners);
  return view;
}

int status(const StatusOptions& options) {
  const auto node = node_of(options.config);
  if (!node) return complain(node.error().message, kFailed);
  const Files files = files_of(node->config.mesh->peers_file);
  const auto own = read_own(files, node->config.mesh->host);
  if (!own) return complain(own.error().message, kFailed);
  const auto known = read_known(files, node->text);
  if (!known) return complain(known.error().message, kFailed);
  LocalAgent door(node->config);
  const auto agent = door.status();
  fmt::print("{}: node {}, entry number {}\n", node->config.mesh->host, node->config.name,
             *own ? std::to_string((*own)->counter) : "none");
  const char* standings[] = {"in", "left", "revoked"};
  for (const auto& [host, pin] : known->pins) {
    const std::string closed = after_blanks(pin.closed);
    fmt::print("  {:<28} {:<12} {:<8} {:<21} {}{}\n", host, pin.name,
               standings[static_cast<int>(pin.standing)],
               pin.standing == Standing::in ? pin.entry.endpoint.to_string() : "-",
               pin.standing == Standing::in ? link_of(agent, pin.name) : "",
               closed.empty() ? "" : " closed:" + closed);
  }
  RadosStore store(access_of(*node));
  const auto view = view_of(store);
  if (!view)
    return complain("the store cannot be asked; what is above stays in force: " + view.error().message,
                    kFailed);
  const Bounds bounds = bounds_of(*node, *own, machine_addresses());
  const Reconciled looked = reconcile(*known, *view, bounds);
  std::vector<MeshProblem> problems = looked.problems;
  const auto add = [&](const std::vector<MeshProblem>& more) {
    for (const MeshProblem& problem : more) {
      if (std::find(problems.begin(), problems.end(), problem) == problems.end()) problems.push_back(problem);
    }
  };
  add(own_address_problems(looked.known, bounds));
  // Hosts that were left out, and what the agent could not do: cuttle-mesh alone knows, and has told it.
  if (const auto told = store.get(kStatePrefix + node->config.mesh->host); told && *told)
    add(told_agent_problems(**told));
  for (const MeshProblem& problem : problems) {
    fmt::print("{} {}: {}\n    {}\n", problem.code, problem.host, problem.text, problem.fix);
  }
  return problems.empty() ? kDone : kFailed;
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("status", "Whom this host knows, and what is wrong");
  command->footer(
      "Example:\n  cuttle mesh status\n\n"
      "Exit status 0: nothing is wrong; 1: something waits for an operator, with what to do, or the monitors "
      "are "
      "away.");
  const auto options = std::make_shared<StatusOptions>();
  add_config(*command, options->config);
  command->callback([&chosen, options] { chosen = [options] { return status(*options); }; });
}

}  // namespace cuttle::mesh
