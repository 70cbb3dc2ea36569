#include "io/privileges.hh"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/check.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

// Capabilities stay permitted, but are not in effect afterwards.
Result<void> become(const UserIds& user) {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  getresuid(&real, &effective, &saved);
  if (real == user.user && effective == user.user && saved == user.user) return {};
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, nullptr) != 0 ||
      setresgid(user.group, user.group, user.group) != 0 || setresuid(user.user, user.user, user.user) != 0) {
    return os_failure(fmt::format("cannot become user {}", user.user), errno,
                      "start as root, or as that user");
  }
  return {};
}

}  // namespace

std::optional<UserIds> find_user(const std::string& name) {
  const passwd* found = getpwnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return UserIds{found->pw_uid, found->pw_gid};
}

std::optional<gid_t> find_group(const std::string& name) {
  const group* found = getgrnam(name.c_str());
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

Result<void> keep_only_capabilities(std::span<const std::string> names, std::optional<UserIds> user) {
  std::vector<cap_value_t> kept;
  for (const std::string& name : names) {
    cap_value_t value = 0;
    CUTTLE_CHECK(cap_from_name(name.c_str(), &value) == 0, "capabilities are named as capabilities(7) does");
    kept.push_back(value);
  }
  for (cap_value_t value = 0; CAP_IS_SUPPORTED(value); ++value) {
    const bool wanted = std::find(kept.begin(), kept.end(), value) != kept.end();
    if (!wanted) cap_drop_bound(value);  // needs CAP_SETPCAP; without it there is little to drop
  }
  if (user) {
    if (auto became = become(*user); !became) return became;
  }
  const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> now(cap_get_proc(), cap_free);
  const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> wanted(cap_init(), cap_free);
  for (const cap_value_t value : kept) {
    cap_flag_value_t had = CAP_CLEAR;
    cap_get_flag(now.get(), value, CAP_PERMITTED, &had);
    if (had != CAP_SET) continue;
    cap_set_flag(wanted.get(), CAP_PERMITTED, 1, &value, CAP_SET);
    cap_set_flag(wanted.get(), CAP_EFFECTIVE, 1, &value, CAP_SET);
  }
  if (cap_set_proc(wanted.get()) != 0) return os_failure("cannot give capabilities away", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_failure("cannot forbid new privileges", errno);
  // Keys are in this memory: no core dump of it, and none of the user's other processes may read it.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return os_failure("cannot forbid core dumps", errno);
  return {};
}

}  // namespace cuttle
