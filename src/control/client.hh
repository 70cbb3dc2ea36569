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

// Whether a program of that user may be the agent that is meant. Where others can have a socket's path,
// somebody else's program would answer whatever suits him.
using MayBeAgents = std::function<bool(uid_t)>;

// The document that the agent behind `path` answers `request` with. Waits at most `timeout` in all.
// `may_be_agents`: empty, where whoever can have the path may answer.
Result<std::string> ask_agent(const std::string& path, std::string_view request, Duration timeout,
                              const MayBeAgents& may_be_agents = {});

// Whether such an agent listens there, which says nothing of whether it still answers. What cannot be
// connected to is none, whatever it is, nor what a link leads to that others can have put there: either would
// keep addresses open.
bool agent_is_there(const std::string& path, const MayBeAgents& may_be_agents);

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
