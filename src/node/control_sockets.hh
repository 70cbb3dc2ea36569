// The sockets through which others on this machine talk to an agent: the control socket, for its owner, and
// one beside it that answers "status" and nothing else, for the members of a group (control/server.hh); with
// [mesh] a third, for cuttle-mesh.
// Control thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "config/config.hh"
#include "control/server.hh"

namespace cuttle {

// Whose members may have an agent of the mesh read its peers again, and ask how it is; nothing else.
inline constexpr const char kMeshGroup[] = "cuttle-mesh";

class ControlSockets {
 public:
  // An error when another agent answers on the control socket. Without the second socket an agent is no
  // worse: that it cannot be had is said in the log.
  static Result<ControlSockets> open(const NodeConfig& config, const ControlServer::Handler& handler);

  // As in ControlServer.
  std::vector<pollfd> poll_fds() const;
  void handle_ready(Instant now, std::span<const pollfd> ready);
  void handle_timeout(Instant now);
  Instant next_timeout() const;

 private:
  std::vector<std::unique_ptr<ControlServer>> servers_;
};

}  // namespace cuttle
