#include "local_agent.hh"

#include <unistd.h>

#include "config/file.hh"
#include "control/client.hh"
#include "control/how_links_are.hh"

namespace cuttle::mesh {

namespace {

constexpr Duration kStatusTimeout = seconds(3);
constexpr Duration kReloadTimeout = seconds(60);  // as `cuttle reload`

// The narrow one where this process may use that, else the control socket, which is for root and the agent.
std::string socket_for_reload(const std::string& control) {
  const std::string narrow = mesh_socket_of(control);
  return ::access(narrow.c_str(), W_OK) == 0 ? narrow : control;
}

}  // namespace

// What somebody else's program says of a reload would have a revocation never take effect.
Result<std::string> LocalAgent::ask(std::string_view request, Duration timeout) const {
  return ask_agent(socket_for_reload(node_.control_socket), request, timeout,
                   [&](uid_t user) { return may_be_agents(node_, user); });
}

std::optional<StatusSnapshot> LocalAgent::status() {
  const auto document = ask("status", kStatusTimeout);
  if (!document) return std::nullopt;
  auto status = how_links_are(*document);
  return status ? std::optional(std::move(*status)) : std::nullopt;
}

Result<ReloadReport> LocalAgent::reload() {
  const auto document = ask("reload", kReloadTimeout);
  if (!document) return tl::unexpected(document.error());
  return reload_report_from_json(*document);
}

}  // namespace cuttle::mesh
