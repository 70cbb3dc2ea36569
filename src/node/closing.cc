#include "node/closing.hh"

#include <fmt/format.h>

#include "config/file.hh"
#include "control/client.hh"
#include "node/joining.hh"
#include "node/leftovers.hh"
#include "node/redirect.hh"

namespace cuttle {

bool own_agent_is_there(const NodeConfig& config) {
  return agent_is_there(config.control_socket, [&](uid_t user) { return may_be_agents(config, user); });
}

Result<void> close_without_agent(const NodeConfig& config, bool trusted) {
  // What an agent closed is closed, perhaps by an older file than this.
  if (trusted && own_agent_is_there(config)) return {};
  const auto held = find_held_interface();
  if (!held) return tl::unexpected(held.error());
  if (*held) {
    if ((*held)->alias == alias_of_node(config.name)) {
      return failure(
          fmt::format("an agent of node {} holds the interface {}: what it closes is closed, what this file "
                      "closes besides is not",
                      config.name, (*held)->name));
    }
    return failure(fmt::format(
        "an agent holds the interface {} of another node ({}), whose guard and lock this one would "
        "take away; give this node a network namespace of its own",
        (*held)->name, (*held)->alias));
  }
  const auto joining = Joining::look(config);
  if (!joining) return tl::unexpected(joining.error());
  // What an earlier run closed under another file is the next start's to open.
  const auto closed_before = closed_addresses(config);
  return close_all(closing_also(joining->routed(), closed_before.value_or(std::vector<ClosedAddress>())));
}

}  // namespace cuttle
