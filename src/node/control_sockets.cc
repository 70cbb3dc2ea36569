#include "node/control_sockets.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "control/client.hh"
#include "io/privileges.hh"

namespace cuttle {

Result<ControlSockets> ControlSockets::open(const NodeConfig& config, const ControlServer::Handler& handler) {
  ControlSockets sockets;
  auto control = ControlServer::open(config.control_socket, handler);
  if (!control) return tl::unexpected(control.error());
  sockets.servers_.push_back(std::move(*control));
  const auto group = find_group(config.status_group);
  if (!group) return sockets;
  ControlServer::Limits limits;
  limits.group = *group;
  auto status = ControlServer::open(
      status_socket_of(config.control_socket),
      [handler](const std::string& request) -> Result<std::string> {
        if (request == "status") return handler(request);
        return failure("this socket answers \"status\" alone; ask as the agent's user, or as root");
      },
      limits);
  if (status) {
    sockets.servers_.push_back(std::move(*status));
  } else {
    spdlog::warn("{}; so `cuttle metrics` has to run as the agent's user", status.error().message);
  }
  return sockets;
}

std::vector<pollfd> ControlSockets::poll_fds() const {
  std::vector<pollfd> all;
  for (const auto& server : servers_) {
    const std::vector<pollfd> its = server->poll_fds();
    all.insert(all.end(), its.begin(), its.end());
  }
  return all;
}

void ControlSockets::handle_ready(Instant now, std::span<const pollfd> ready) {
  for (const auto& server : servers_) server->handle_ready(now, ready);
}

void ControlSockets::handle_timeout(Instant now) {
  for (const auto& server : servers_) server->handle_timeout(now);
}

Instant ControlSockets::next_timeout() const {
  Instant next = Instant::never();
  for (const auto& server : servers_) next = std::min(next, server->next_timeout());
  return next;
}

}  // namespace cuttle
