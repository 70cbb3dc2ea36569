// The agent of this machine, behind its sockets.
#pragma once

#include <string>
#include <utility>

#include "config/config.hh"
#include "mesh/keeper.hh"

namespace cuttle::mesh {

class LocalAgent final : public AgentDoor {
 public:
  explicit LocalAgent(NodeConfig node) : node_(std::move(node)) {}
  std::optional<StatusSnapshot> status() override;
  Result<ReloadReport> reload() override;

 private:
  Result<std::string> ask(std::string_view request, Duration timeout) const;

  NodeConfig node_;
};

}  // namespace cuttle::mesh
