#include "io/system_calls.hh"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "io/os_error.hh"

namespace cuttle {

namespace {

// By what they are for, whatever their arguments. A system call that this CPU does not have is left out.
// tests/packaging/unit_test.sh reads these lists.
constexpr const char* kEveryProcess[] = {
    // memory, time, signals, and who it is
    "munmap", "mremap", "madvise", "brk", "mlock", "munlock", "clock_gettime", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    "restart_syscall", "exit", "exit_group", "futex", "getrandom", "getpid", "gettid", "getuid", "geteuid",
    "getgid", "getegid", "capget", "sysinfo", "uname", "sched_yield", "sched_getaffinity", "getrlimit",
    "getrusage",
    // descriptors that it has
    "read", "recvmsg", "recvfrom", "sendmsg", "sendto", "getsockopt", "poll", "ppoll", "fstat", "newfstatat",
    "lseek"};
constexpr const char* kAgent[] = {
    "write", "close", "readv", "writev", "sendmmsg", "accept4", "shutdown", "lstat", "epoll_create1",
    "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2",
    // threads and their priorities
    "set_robust_list", "rseq", "membarrier", "sched_setaffinity", "sched_setscheduler", "sched_getscheduler",
    "sched_getparam", "sched_get_priority_max", "sched_get_priority_min", "setpriority", "getpriority"};
constexpr const char* kHelper[] = {"bind", "connect", "getsockname", "setsockopt", "select", "pselect6",
                                   "pread64", "stat", "lstat", "statx", "access", "faccessat", "faccessat2",
                                   "readlink", "readlinkat", "getdents64", "getcwd",
                                   // the agent's control sockets, when that ends
                                   "unlink", "unlinkat"};

// What makes threads of the C library: all of it shared, and nothing anew.
constexpr scmp_datum_t kOfThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
constexpr scmp_datum_t kOfNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE |
                                       CLONE_VFORK;

constexpr int kProcessControls[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_TIMERSLACK, PR_SET_VMA};
constexpr int kDescriptorControls[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};

constexpr int kHelperFamilies[] = {AF_NETLINK, AF_INET, AF_INET6};
constexpr unsigned long kHelperRequests[] = {TUNSETIFF,   TUNSETVNETHDRSZ, TUNSETOFFLOAD, TUNSETOWNER,
                                             TUNSETGROUP, TUNSETPERSIST,   SIOCSIFMTU,    SIOCGIFINDEX,
                                             SIOCGIFNAME, SIOCETHTOOL};
constexpr int kHelperBpf[] = {BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM, BPF_MAP_FREEZE, BPF_PROG_LOAD};

// Beyond the newest call that a kernel had when this was written; numbers are given in order.
constexpr int kLastNumber = 700;

// Collects rules; the first failure is kept.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release) {
    if (context_ == nullptr) return;
    seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (int number = 0; number <= kLastNumber; ++number) {
      char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
      if (name == nullptr) note(seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(ENOSYS), number, 0));
      std::free(name);
    }
    // Its arguments are in memory, where a filter cannot look; glibc then makes threads with clone.
    add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  }

  void allow(std::span<const char* const> names) {
    for (const char* name : names) add(SCMP_ACT_ALLOW, name);
  }
  template <typename... Conditions>
  void allow_where(const char* name, Conditions... conditions) {
    add(SCMP_ACT_ALLOW, name, conditions...);
  }
  template <typename Value>
  void allow_values(const char* name, unsigned argument, std::span<const Value> values) {
    for (const Value value : values) {
      allow_where(name, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, static_cast<uint32_t>(value)));
    }
  }

  // Whatever the argument, an int, but this value: libseccomp compares 64 bits for inequality, the kernel
  // looks at 32.
  void allow_but_for(const char* name, unsigned argument, uint32_t value) {
    for (unsigned bit = 0; bit < 32; ++bit) {
      const uint32_t mask = uint32_t{1} << bit;
      allow_where(name, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, ~value & mask));
    }
  }

  Result<void> load() {
    if (context_ == nullptr || error_ != 0) return os_failure("cannot make a system call filter", -error_);
    if (const int error = seccomp_load(context_.get()); error != 0) {
      return os_failure("the system call filter was refused", -error);
    }
    return {};
  }

 private:
  template <typename... Conditions>
  void add(uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (context_ == nullptr || number == __NR_SCMP_ERROR || number < 0) return;
    note(seccomp_rule_add(context_.get(), action, number, sizeof...(conditions), conditions...));
  }
  void note(int error) {
    if (error != 0 && error != -EEXIST && error_ == 0) error_ = error;
  }

  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int error_ = 0;
};

void add_every_process(Filter& filter) {
  filter.allow(kEveryProcess);
  filter.allow_values<int>("fcntl", 1, kDescriptorControls);
  filter.allow_values<int>("prctl", 0, kProcessControls);
  filter.allow_where("prlimit64", SCMP_A0(SCMP_CMP_EQ, 0));
  filter.allow_where("tgkill", SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
}

}  // namespace

Result<void> restrict_agent(const SystemCalls& more) {
  Filter filter;
  add_every_process(filter);
  filter.allow(kAgent);
  filter.allow_where("mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  filter.allow_where("mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  filter.allow_where("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, kOfThread | kOfNamespaces, kOfThread));
  // Whether a cell is meant for a queue (queue_priority.hh); no priority that takes a privilege.
  filter.allow_where("setsockopt", SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, SOL_SOCKET),
                     SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, SO_PRIORITY));
  filter.allow(more.names);
  filter.allow_values<int>("socket", 0, more.socket_families);
  if (more.reads_files) {
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    filter.allow_where("openat", SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
    filter.allow_where("open", SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
  }
  return filter.load();
}

Result<void> restrict_helper() {
  Filter filter;
  add_every_process(filter);
  filter.allow(kHelper);
  filter.allow_values<int>("socket", 0, kHelperFamilies);
  filter.allow_values<unsigned long>("ioctl", 1, kHelperRequests);
  filter.allow_values<int>("bpf", 0, kHelperBpf);
  // Whatever it may open, it writes to its log alone: through no other descriptor, which takes the log's
  // number neither, and through no mapping, which does not become one that can be written to either.
  if (::fcntl(STDERR_FILENO, F_GETFD) >= 0) {
    for (const char* name : {"write", "writev"}) {
      filter.allow_where(name, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
    }
  }
  filter.allow_but_for("close", 0, STDERR_FILENO);
  filter.allow_where("mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, 0));
  filter.allow_where("mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_TYPE, MAP_PRIVATE));
  filter.allow_where("mmap", SCMP_A2(SCMP_CMP_EQ, PROT_READ));
  const scmp_datum_t making = O_WRONLY | O_CREAT | O_TRUNC;  // the TUN device is opened with O_RDWR
  filter.allow_where("openat", SCMP_A2(SCMP_CMP_MASKED_EQ, making, 0));
  filter.allow_where("open", SCMP_A1(SCMP_CMP_MASKED_EQ, making, 0));
  return filter.load();
}

}  // namespace cuttle
