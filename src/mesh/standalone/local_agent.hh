// The agent of this machine, behind its sockets.
#pragma once

#include <string>

#include "config/config.hh"
#include "mesh/keeper.hh"

namespace cuttle::mesh {

class LocalAgent final : public AgentDoor {
 public:
  explicit LocalAgent(const NodeConfig& node) : control_socket_(node.control_socket), user_(node.user) {}
  std::optional<StatusSnapshot> status() override;
  Result<ReloadReport> reload() override;

 private:
  Result<std::string> ask(std::string_view request, Duration timeout) const;

  std::string control_socket_;
  std::string user_;  // whom the agent becomes, if anybody
};

}  // namespace cuttle::mesh
