#include "node/closing.hh"

#include "control/client.hh"
#include "node/joining.hh"
#include "node/redirect.hh"

namespace cuttle {

Result<void> close_without_agent(const NodeConfig& config) {
  // What an agent closed is closed, perhaps by an older file than this.
  const auto there = agent_is_there(config.control_socket);
  if (!there) return tl::unexpected(there.error());
  if (*there) return {};
  const auto joining = Joining::look(config);
  if (!joining) return tl::unexpected(joining.error());
  return close_all(joining->routed());
}

}  // namespace cuttle
