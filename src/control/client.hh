// The asking end of the control socket, for `cuttle status` and the like.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

// The document that the agent behind `path` answers `request` with. Waits at most `timeout` in all.
Result<std::string> ask_agent(const std::string& path, std::string_view request, Duration timeout);

// Whether an agent listens there, which says nothing of whether it still answers: a program of a user that
// may be an agent's. Somebody else's is none: where the path can be had by others, he would keep addresses
// open. An error: it cannot be told.
Result<bool> agent_is_there(const std::string& path, const std::function<bool(uid_t)>& may_be_agents);

// The control group that the agent behind `path` runs in, as /proc shows it; empty where that cannot be told.
std::string cgroup_of_agent(const std::string& path);

// Where agents put their sockets unless told otherwise, and the sockets that are there, sorted by name.
inline constexpr std::string_view kControlFolder = "/run/cuttle";
std::string control_socket_of(std::string_view node);
std::vector<std::string> find_control_sockets(const std::string& folder);
// The socket beside a control socket that answers "status" and nothing else: for whoever may know what the
// links carry, but not what the agent is to do.
std::string status_socket_of(const std::string& control_socket);
// The socket beside it that answers "status" and "reload", for cuttle-mesh.
std::string mesh_socket_of(const std::string& control_socket);
// Of each agent of find_control_sockets that socket, where it has one.
std::vector<std::string> find_status_sockets(const std::string& folder);

}  // namespace cuttle
