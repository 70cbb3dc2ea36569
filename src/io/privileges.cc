#include "io/privileges.hh"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/check.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

// By what they are for. A system call that this CPU does not have is left out.
constexpr std::array kDataPath{"read",      "write",           "readv",         "writev",      "sendmsg",
                               "recvmsg",   "sendmmsg",        "epoll_wait",    "epoll_pwait", "epoll_pwait2",
                               "epoll_ctl", "clock_nanosleep", "clock_gettime", "futex",       "sched_yield"};
constexpr std::array kRuntime{"mmap",
                              "munmap",
                              "mprotect",
                              "mremap",
                              "madvise",
                              "brk",
                              "mlock",
                              "munlock",
                              "exit",
                              "exit_group",
                              "rt_sigaction",
                              "rt_sigprocmask",
                              "rt_sigreturn",
                              "sigaltstack",
                              "restart_syscall",
                              "getrandom",
                              "getpid",
                              "gettid",
                              "tgkill",
                              "sysinfo",
                              "uname",
                              "prlimit64",
                              "getrlimit",
                              "clone",
                              "clone3",
                              "set_robust_list",
                              "rseq",
                              "getrusage",
                              "sched_getaffinity",
                              "sched_setaffinity",
                              "sched_setscheduler",
                              "sched_getscheduler",
                              "sched_getparam",
                              "setpriority",
                              "getpriority",
                              "sched_get_priority_max",
                              "sched_get_priority_min",
                              "prctl",
                              "membarrier",
                              "getuid",
                              "geteuid",
                              "getgid",
                              "getegid",
                              "capget"};
// The control socket, the status (netlink to nftables), and a new configuration (files, interfaces, sockets).
constexpr std::array kControl{
    "poll",          "ppoll",          "select",          "pselect6",     "recvmmsg",   "accept4",
    "accept",        "socket",         "socketpair",      "bind",         "connect",    "listen",
    "setsockopt",    "getsockopt",     "getsockname",     "getpeername",  "sendto",     "recvfrom",
    "shutdown",      "open",           "openat",          "close",        "fstat",      "newfstatat",
    "stat",          "lstat",          "statx",           "lseek",        "pread64",    "getdents64",
    "access",        "faccessat",      "faccessat2",      "readlink",     "readlinkat", "unlink",
    "unlinkat",      "mkdir",          "mkdirat",         "chmod",        "fchmod",     "fchmodat",
    "umask",         "fcntl",          "ioctl",           "bpf",          "eventfd2",   "signalfd4",
    "epoll_create1", "timerfd_create", "timerfd_settime", "dup",          "dup2",       "dup3",
    "pipe2",         "getcwd",         "nanosleep",       "gettimeofday", "time",       "writev",
    "ftruncate",     "rename"};

bool allow(scmp_filter_ctx filter, std::span<const char* const> names) {
  for (const char* name : names) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) continue;
    if (const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        error != 0 && error != -EEXIST) {
      return false;
    }
  }
  return true;
}

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

Result<void> restrict_system_calls(std::span<const char* const> more) {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                seccomp_release);
  if (filter == nullptr) return failure("cannot make a system call filter: out of memory");
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (!allow(filter.get(), kDataPath) || !allow(filter.get(), kRuntime) || !allow(filter.get(), kControl) ||
      !allow(filter.get(), more)) {
    return failure("cannot make a system call filter");
  }
  if (const int error = seccomp_load(filter.get()); error != 0) {
    return os_failure("the system call filter was refused", -error);
  }
  return {};
}

}  // namespace cuttle
