#include "node/confinement.hh"

#include <time.h>

#include <array>

#include "io/privileges.hh"

namespace cuttle {

// CAP_SYS_NICE and CAP_IPC_LOCK are for the threads about to start.
Result<void> confine_agent(const std::string& user, const SystemCalls& more) {
  const auto whom = user.empty() ? std::nullopt : find_user(user);
  if (!user.empty() && !whom) return failure("there is no user " + user);
  ::tzset();  // the log's times are local; /etc/localtime cannot be read later
  const std::array<std::string, 2> kept{"cap_sys_nice", "cap_ipc_lock"};
  if (auto dropped = keep_only_capabilities(kept, whom); !dropped) return dropped;
  return restrict_agent(more);
}

// CAP_NET_ADMIN: interfaces, routes, rules, nftables, the mark on the cells. CAP_BPF: the filters of sockets.
// CAP_NET_BIND_SERVICE: a `listen` port below 1024. CAP_DAC_READ_SEARCH: key files, whosever they are.
// CAP_IPC_LOCK: the keys that it reads are not paged out.
Result<void> confine_helper() {
  const std::array<std::string, 5> kept{"cap_net_admin", "cap_bpf", "cap_net_bind_service",
                                        "cap_dac_read_search", "cap_ipc_lock"};
  if (auto dropped = keep_only_capabilities(kept, std::nullopt); !dropped) return dropped;
  return restrict_helper();
}

}  // namespace cuttle
