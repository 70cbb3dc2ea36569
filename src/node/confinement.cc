#include "node/confinement.hh"

#include <time.h>

#include <array>
#include <span>

#include "io/privileges.hh"
#include "io/second_process.hh"

namespace cuttle {

namespace {

Result<void> keep_only(std::span<const std::string> capabilities, const std::string& user) {
  const auto whom = user.empty() ? std::nullopt : find_user(user);
  if (!user.empty() && !whom) return failure("there is no user " + user);
  return keep_only_capabilities(capabilities, whom);
}

}  // namespace

// CAP_SYS_NICE and CAP_IPC_LOCK are for the threads about to start.
Result<void> confine_agent(const std::string& user, const SystemCalls& more) {
  ::tzset();  // the log's times are local; /etc/localtime cannot be read later
  const std::array<std::string, 2> kept{"cap_sys_nice", "cap_ipc_lock"};
  if (auto dropped = keep_only(kept, user); !dropped) return dropped;
  return restrict_agent(more);
}

// CAP_NET_ADMIN: interfaces, routes, rules, queues, nftables, the mark on the cells. CAP_BPF: the filters of
// sockets, the lock at the egress, the programs of clock devices.
// CAP_NET_BIND_SERVICE: a `listen` port below 1024. CAP_DAC_READ_SEARCH: key files, whosever they are.
// CAP_IPC_LOCK: the keys that it reads are not paged out.
Result<void> confine_helper(const std::string& user) {
  const std::array<std::string, 5> kept{"cap_net_admin", "cap_bpf", "cap_net_bind_service",
                                        "cap_dac_read_search", "cap_ipc_lock"};
  if (auto dropped = keep_only(kept, user); !dropped) return dropped;
  end_with_first_process();  // which a change of user undoes
  return restrict_helper();
}

}  // namespace cuttle
