// The agent of this machine, behind its sockets.
#pragma once

#include <string>

#include "mesh/keeper.hh"

namespace cuttle::mesh {

class LocalAgent final : public AgentDoor {
 public:
  explicit LocalAgent(std::string control_socket) : control_socket_(std::move(control_socket)) {}
  std::optional<StatusSnapshot> status() override;
  Result<ReloadReport> reload() override;

 private:
  std::string control_socket_;
};

}  // namespace cuttle::mesh
