// What a process no longer needs is given away: capabilities, and the way to get any back. A flaw in what
// reads unknown sources' datagrams then finds little to use. Source: capabilities(7). system_calls.hh is the
// other half.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "base/result.hh"

namespace cuttle {

// A user of this machine, whom /etc/passwd or what stands for it knows.
struct UserIds {
  uid_t user = 0;
  gid_t group = 0;
};
std::optional<UserIds> find_user(const std::string& name);
std::optional<gid_t> find_group(const std::string& name);

// Capabilities by their names in lower case ("cap_net_admin"); all others are dropped for good, from the
// calling thread and those it will start, and no program can regain one (no_new_privs). With `user`, the
// process becomes that user, in its one group, on the way; being it already is no error. Call before threads
// start. Nothing else can look into the process or its core dump afterwards, but root.
Result<void> keep_only_capabilities(std::span<const std::string> names, std::optional<UserIds> user);

}  // namespace cuttle
