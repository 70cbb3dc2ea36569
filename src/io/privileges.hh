// What a set-up agent no longer needs is given away: capabilities, the way to get any back, and most system
// calls. A flaw in what reads strangers' datagrams then finds little to use. Source: capabilities(7),
// seccomp(2), libseccomp.
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

// From here on only the system calls that a running agent makes are possible, for all threads: no program can
// be started, no process looked into, nothing mounted, no module loaded. Others fail with EPERM. `more`:
// names of calls that this agent needs besides.
Result<void> restrict_system_calls(std::span<const char* const> more = {});

}  // namespace cuttle
