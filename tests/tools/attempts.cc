#include "attempts.hh"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "tool.hh"

namespace cuttle::tools {

namespace {

const char kPath[] = "/tmp/cuttle-confined-tries";

int error_of(long result) {
  return result < 0 ? errno : 0;
}

template <typename... Arguments>
int call(long number, Arguments... arguments) {
  return error_of(::syscall(number, arguments...));
}

// Opened, it is closed again.
int closed(int fd) {
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

// A child, if it comes to be, ends at once.
int cloned(unsigned long flags) {
  const long child = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) _exit(0);
  return error_of(child);
}

int cloned3() {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(0);
  return error_of(child);
}

int threaded() {
  try {
    std::thread([] {}).join();
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

int bpf_called(int command) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 8;
  attributes.max_entries = 1;
  const long fd = ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
  return command == BPF_MAP_CREATE ? closed(static_cast<int>(fd)) : error_of(fd);
}

int mapped(int protection) {
  void* page = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno;
  ::munmap(page, 4096);
  return 0;
}

int made_executable() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno;
  const int error = error_of(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
  ::munmap(page, 4096);
  return error;
}

// Maybe first to be read, which it may be.
int mapped_to_write(int fd, int protection_at_first) {
  void* page = ::mmap(nullptr, 4096, protection_at_first, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return errno;
  const int error = error_of(::mprotect(page, 4096, PROT_READ | PROT_WRITE));
  ::munmap(page, 4096);
  return error;
}

// Closes the log, and opens what is to be written in its place; `number` is the log's, as the kernel reads
// it.
int written_as_the_log(unsigned long number) {
  const int log = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
  int error = log < 0 ? errno : call(SYS_close, number);
  if (error != 0) return error;
  const int file = ::open(kPath, O_RDWR);
  error = file < 0 ? errno : error_of(::write(STDERR_FILENO, "x", 1));
  if (file >= 0) ::close(file);
  (void)::fcntl(log, F_DUPFD_CLOEXEC, STDERR_FILENO);
  ::close(log);
  return error;
}

// What the kernel answers to one netlink message.
int netlink_answer(int socket, const void* message, size_t size) {
  if (::send(socket, message, size, 0) < 0) return errno;
  alignas(nlmsghdr) char answer[4096];
  if (::recv(socket, answer, sizeof answer, 0) < 0) return errno;
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
  if (header->nlmsg_type != NLMSG_ERROR) return EPROTO;
  return -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
}

// A blackhole for 203.0.113.7.
int route_set(const Prepared& prepared) {
  struct {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    uint8_t address[4];
  } message{};
  message.header = {sizeof message, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, 1,
                    0};
  message.route.rtm_family = AF_INET;
  message.route.rtm_dst_len = 32;
  message.route.rtm_table = RT_TABLE_MAIN;
  message.route.rtm_protocol = RTPROT_STATIC;
  message.route.rtm_scope = RT_SCOPE_UNIVERSE;
  message.route.rtm_type = RTN_BLACKHOLE;
  message.attribute = {static_cast<unsigned short>(RTA_LENGTH(4)), RTA_DST};
  const uint8_t address[4] = {203, 0, 113, 7};
  std::memcpy(message.address, address, 4);
  return netlink_answer(prepared.routing.get(), &message, sizeof message);
}

int link_set_up(const Prepared& prepared) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } message{};
  message.header = {sizeof message, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 2, 0};
  message.link.ifi_index = 1;  // lo
  message.link.ifi_flags = IFF_UP;
  message.link.ifi_change = IFF_UP;
  return netlink_answer(prepared.routing.get(), &message, sizeof message);
}

// No batch around it, so the kernel would refuse it anyhow, but not for want of a capability.
int firewall_changed(const Prepared& prepared) {
  struct {
    nlmsghdr header;
    nfgenmsg general;
  } message{};
  message.header = {sizeof message, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NLM_F_REQUEST | NLM_F_ACK,
                    3, 0};
  message.general.nfgen_family = AF_INET;
  return netlink_answer(prepared.firewall.get(), &message, sizeof message);
}

int attached(const Prepared& prepared) {
  ifreq request{};
  std::strcpy(request.ifr_name, "ct-tried");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  return error_of(::ioctl(prepared.tun.get(), TUNSETIFF, &request));
}

int mtu_set(const Prepared& prepared) {
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_mtu = 9000;
  return error_of(::ioctl(prepared.datagrams.get(), SIOCSIFMTU, &request));
}

int features_asked(const Prepared& prepared) {
  ethtool_sset_info info{};
  info.cmd = ETHTOOL_GSSET_INFO;
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_data = reinterpret_cast<char*>(&info);
  return error_of(::ioctl(prepared.datagrams.get(), SIOCETHTOOL, &request));
}

int typed(const Prepared& prepared) {
  const char key = 'x';
  return error_of(::ioctl(prepared.terminal.get(), TIOCSTI, &key));
}

int option_set(const Prepared& prepared, int option, const void* value, socklen_t size) {
  return error_of(::setsockopt(prepared.datagrams.get(), SOL_SOCKET, option, value, size));
}

int memory_read(const Prepared& prepared) {
  char byte = 0;
  const iovec here{&byte, 1};
  const iovec there{const_cast<char*>("x"), 1};  // the same program, so the same address
  return error_of(::process_vm_readv(prepared.other, &here, 1, &there, 1, 0));
}

int handle_opened() {
  struct {
    file_handle handle;
    char room[16];
  } handle{};
  handle.handle.handle_bytes = sizeof handle.room;
  handle.handle.handle_type = 1;
  return closed(::open_by_handle_at(AT_FDCWD, &handle.handle, O_RDONLY));
}

int executed() {
  char* const words[] = {const_cast<char*>("/bin/true"), nullptr};
  char* const none[] = {nullptr};
  return call(SYS_execve, "/bin/true", words, none);
}

int realtime_set() {
  const sched_param parameters{1};
  const int error = error_of(::sched_setscheduler(0, SCHED_FIFO, &parameters));
  const sched_param ordinary{0};
  if (error == 0) ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
  return error;
}

int locked() {
  const long page = 0;
  return error_of(::mlock(&page, sizeof page));
}

using P = const Prepared&;

const std::vector<Attempt> kAttempts{
    // --- terminals, devices, other ioctls
    {"ioctl TIOCSTI", typed},
    {"ioctl TCGETS",
     [](P p) {
       termios settings{};
       return error_of(::ioctl(p.terminal.get(), TCGETS, &settings));
     }},
    {"ioctl TUNSETIFF", attached},
    {"ioctl SIOCSIFMTU", mtu_set},
    {"ioctl SIOCETHTOOL", features_asked},
    // --- namespaces, processes, programs
    {"unshare user", [](P) { return error_of(::unshare(CLONE_NEWUSER)); }},
    {"unshare network", [](P) { return error_of(::unshare(CLONE_NEWNET)); }},
    {"unshare mounts", [](P) { return error_of(::unshare(CLONE_NEWNS)); }},
    {"setns", [](P p) { return error_of(::setns(p.network.get(), CLONE_NEWNET)); }},
    {"clone a process", [](P) { return cloned(0); }},
    {"clone into a user namespace", [](P) { return cloned(CLONE_NEWUSER); }},
    {"clone into a network namespace", [](P) { return cloned(CLONE_NEWNET); }},
    {"clone3", [](P) { return cloned3(); }},
    {"execve", [](P) { return executed(); }},
    // --- sockets
    {"socket AF_PACKET", [](P) { return closed(::socket(AF_PACKET, SOCK_RAW, 0)); }},
    {"socket AF_INET", [](P) { return closed(::socket(AF_INET, SOCK_DGRAM, 0)); }},
    {"socket AF_INET raw", [](P) { return closed(::socket(AF_INET, SOCK_RAW, 1)); }},
    {"socket AF_INET6", [](P) { return closed(::socket(AF_INET6, SOCK_STREAM, 0)); }},
    {"socket AF_UNIX", [](P) { return closed(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"socket AF_NETLINK", [](P) { return closed(::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)); }},
    {"socket AF_ALG", [](P) { return closed(::socket(AF_ALG, SOCK_SEQPACKET, 0)); }},
    {"setsockopt SO_MARK",
     [](P p) {
       const int mark = 7;
       return option_set(p, SO_MARK, &mark, sizeof mark);
     }},
    {"setsockopt SO_BINDTODEVICE", [](P p) { return option_set(p, SO_BINDTODEVICE, "lo", 3); }},
    {"netlink RTM_NEWROUTE", route_set},
    {"netlink RTM_NEWLINK", link_set_up},
    {"netlink nftables", firewall_changed},
    // --- BPF and the kernel
    {"bpf BPF_MAP_CREATE", [](P) { return bpf_called(BPF_MAP_CREATE); }},
    {"bpf BPF_MAP_UPDATE_ELEM", [](P) { return bpf_called(BPF_MAP_UPDATE_ELEM); }},
    {"bpf BPF_MAP_GET_NEXT_ID", [](P) { return bpf_called(BPF_MAP_GET_NEXT_ID); }},
    {"perf_event_open", [](P) { return call(SYS_perf_event_open, nullptr, 0, -1, -1, 0UL); }},
    {"userfaultfd", [](P) { return closed(static_cast<int>(::syscall(SYS_userfaultfd, 0))); }},
    {"io_uring_setup", [](P) { return call(SYS_io_uring_setup, 0, nullptr); }},
    {"init_module", [](P) { return call(SYS_init_module, nullptr, 0UL, ""); }},
    {"kexec_load", [](P) { return call(SYS_kexec_load, 0UL, 0UL, nullptr, ~0UL); }},
    {"reboot", [](P) { return call(SYS_reboot, 0, 0, 0, nullptr); }},
    {"syslog", [](P) { return call(SYS_syslog, 10, nullptr, 0); }},
    {"sethostname", [](P) { return call(SYS_sethostname, "", -1); }},
    {"clock_settime", [](P) { return call(SYS_clock_settime, CLOCK_REALTIME, nullptr); }},
    {"keyctl", [](P) { return call(SYS_keyctl, 0, -3, 0); }},
    {"a call that nobody knows", [](P) { return call(699); }},
    // --- files and mounts
    {"open to read", [](P) { return closed(::open("/etc/passwd", O_RDONLY)); }},
    {"open to write", [](P) { return closed(::open(kPath, O_WRONLY)); }},
    {"open to make", [](P) { return closed(::open(kPath, O_RDWR | O_CREAT, 0600)); }},
    {"open to empty", [](P) { return closed(::open(kPath, O_RDWR | O_TRUNC)); }},
    {"open_by_handle_at", [](P) { return handle_opened(); }},
    {"write to a file", [](P p) { return error_of(::write(p.scratch.get(), "x", 1)); }},
    {"pwrite to a file", [](P p) { return error_of(::pwrite(p.scratch.get(), "x", 1, 0)); }},
    {"map a file to write", [](P p) { return mapped_to_write(p.scratch.get(), PROT_READ | PROT_WRITE); }},
    {"map a file, then write", [](P p) { return mapped_to_write(p.scratch.get(), PROT_READ); }},
    {"write in the log's place", [](P) { return written_as_the_log(STDERR_FILENO); }},
    {"the same with a long number", [](P) { return written_as_the_log(1UL << 32 | STDERR_FILENO); }},
    {"unlink", [](P) { return error_of(::unlink("/tmp/cuttle-confined-none")); }},
    {"unlinkat", [](P) { return error_of(::unlinkat(AT_FDCWD, "/tmp/cuttle-confined-none", 0)); }},
    {"rmdir", [](P) { return error_of(::rmdir("/tmp/cuttle-confined-none")); }},
    {"rename", [](P) { return error_of(::rename(kPath, kPath)); }},
    {"link", [](P) { return error_of(::link(kPath, "/tmp/cuttle-confined-link")); }},
    {"chmod", [](P) { return error_of(::chmod(kPath, 0600)); }},
    {"mknod", [](P) { return error_of(::mknod("/tmp/cuttle-confined-node", S_IFIFO, 0)); }},
    {"mount", [](P) { return call(SYS_mount, "none", "/nowhere", "tmpfs", 0UL, nullptr); }},
    {"umount", [](P) { return call(SYS_umount2, "/nowhere", 0); }},
    {"open_tree", [](P) { return closed(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, "/", 1))); }},
    {"fsopen", [](P) { return closed(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", 0))); }},
    {"chroot", [](P) { return call(SYS_chroot, "/"); }},
    // --- other processes
    {"ptrace", [](P p) { return error_of(::ptrace(PTRACE_SEIZE, p.other, nullptr, nullptr)); }},
    {"process_vm_readv", memory_read},
    {"kill another", [](P p) { return error_of(::kill(p.other, 0)); }},
    {"tgkill another", [](P p) { return call(SYS_tgkill, p.other, p.other, 0); }},
    {"pidfd_open", [](P p) { return closed(static_cast<int>(::syscall(SYS_pidfd_open, p.other, 0))); }},
    {"prlimit another",
     [](P p) {
       rlimit limit{};
       return error_of(::prlimit(p.other, RLIMIT_NOFILE, nullptr, &limit));
     }},
    // --- what it is
    {"prctl PR_SET_DUMPABLE", [](P) { return error_of(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
    {"prctl PR_SET_KEEPCAPS", [](P) { return error_of(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0)); }},
    {"setuid", [](P) { return call(SYS_setuid, 0); }},
    {"capset", [](P) { return call(SYS_capset, nullptr, nullptr); }},
    {"map to execute", [](P) { return mapped(PROT_READ | PROT_EXEC); }},
    {"mprotect to execute", [](P) { return made_executable(); }},
    {"personality", [](P) { return call(SYS_personality, 0xffffffffUL); }},
    // --- what it lives on
    {"make a thread", [](P) { return threaded(); }},
    {"lock memory", [](P) { return locked(); }},
    {"map memory", [](P) { return mapped(PROT_READ | PROT_WRITE); }},
    {"real-time priority", [](P) { return realtime_set(); }},
    {"read a file that is open",
     [](P p) {
       char byte = 0;
       return error_of(::read(p.scratch.get(), &byte, 1));
     }},
    {"name a thread", [](P) { return error_of(::prctl(PR_SET_NAME, "tried", 0, 0, 0)); }},
};

FileDescriptor opened(const char* path, int flags) {
  FileDescriptor fd(::open(path, flags | O_CLOEXEC, 0600));
  if (!fd) die_of_errno(path);
  return fd;
}

FileDescriptor made(int family, int type, int protocol) {
  FileDescriptor fd(::socket(family, type | SOCK_CLOEXEC, protocol));
  if (!fd) die_of_errno("socket");
  return fd;
}

}  // namespace

const std::vector<Attempt>& attempts() {
  return kAttempts;
}

Prepared prepare() {
  Prepared prepared;
  const FileDescriptor master(::posix_openpt(O_RDWR | O_NOCTTY));
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) die_of_errno("/dev/ptmx");
  prepared.terminal = opened(::ptsname(master.get()), O_RDWR | O_NOCTTY);
  (void)::dup(master.get());  // stays open as long as this process
  prepared.tun = opened("/dev/net/tun", O_RDWR);
  prepared.datagrams = made(AF_INET, SOCK_DGRAM, 0);
  prepared.routing = made(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  prepared.firewall = made(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  prepared.network = opened("/proc/self/ns/net", O_RDONLY);
  prepared.scratch = opened(kPath, O_RDWR | O_CREAT);
  if (::ftruncate(prepared.scratch.get(), 4096) != 0) die_of_errno(kPath);
  prepared.other = ::getppid();
  return prepared;
}

}  // namespace cuttle::tools
