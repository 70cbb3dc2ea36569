#include "node/control_sockets.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "control/client.hh"
#include "io/privileges.hh"

namespace cuttle {

namespace {

using Servers = std::vector<std::unique_ptr<ControlServer>>;

// A socket beside the control socket, for the members of a group, that answers some requests alone. Where
// there is no such group there is none.
void open_for_group(Servers& servers, const std::string& path, const std::string& group_name,
                    const std::vector<std::string>& requests, const std::string& without,
                    const ControlServer::Handler& handler) {
  const auto group = find_group(group_name);
  if (!group) return;
  ControlServer::Limits limits;
  limits.group = *group;
  auto server = ControlServer::open(
      path,
      [handler, requests](const std::string& request) -> Result<std::string> {
        if (std::find(requests.begin(), requests.end(), request) != requests.end()) return handler(request);
        std::string known;
        for (const std::string& one : requests) known += (known.empty() ? "\"" : " and \"") + one + "\"";
        return failure(
            fmt::format("this socket answers {} alone; ask as the agent's user, or as root", known));
      },
      limits);
  if (server) {
    servers.push_back(std::move(*server));
  } else {
    spdlog::warn("{}; so {}", server.error().message, without);
  }
}

}  // namespace

Result<ControlSockets> ControlSockets::open(const NodeConfig& config, const ControlServer::Handler& handler) {
  ControlSockets sockets;
  auto control = ControlServer::open(config.control_socket, handler);
  if (!control) return tl::unexpected(control.error());
  sockets.servers_.push_back(std::move(*control));
  open_for_group(sockets.servers_, status_socket_of(config.control_socket), config.status_group, {"status"},
                 "`cuttle metrics` has to run as the agent's user", handler);
  if (config.mesh) {
    open_for_group(sockets.servers_, mesh_socket_of(config.control_socket), kMeshGroup, {"status", "reload"},
                   "cuttle-mesh has to run as the agent's user", handler);
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
