#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <thread>

#include "base/file_descriptor.hh"
#include "doctor/examine.hh"
#include "doctor/first_line.hh"
#include "io/realtime.hh"

namespace cuttle::doctor {

namespace {

// In a thread of its own, which ends with the priority.
std::string why_no_realtime() {
  std::string why_not;
  std::thread([&] {
    if (auto set = set_realtime_priority(1); !set) why_not = set.error().message;
  }).join();
  return why_not;
}

Finding real_time() {
  const std::string why_not = why_no_realtime();
  if (why_not.empty()) return {Mark::good, "real-time priority is permitted", ""};
  return {Mark::bad, "real-time priority: " + why_not,
          "run the agent by its unit cuttle@NAME, or as root, or give it CAP_SYS_NICE; in a container, "
          "--cap-add SYS_NICE and an rtprio limit"};
}

Finding real_time_share() {
  const std::string share = first_line_of("/proc/sys/kernel/sched_rt_runtime_us");
  if (share.empty() || share == "-1" || std::stoll(share) >= 500'000) {
    return {Mark::good, "the kernel lets real-time threads run", ""};
  }
  return {Mark::bad, "kernel.sched_rt_runtime_us is " + share + ": threads that keep time are throttled",
          "sysctl -w kernel.sched_rt_runtime_us=950000"};
}

Finding locked_memory() {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  if (::geteuid() == 0 || limit.rlim_cur == RLIM_INFINITY) {
    return {Mark::good, "memory may be locked", ""};
  }
  return {Mark::unsure, fmt::format("memory may be locked up to {} kB only", limit.rlim_cur / 1024),
          "LimitMEMLOCK=infinity in the unit, or CAP_IPC_LOCK"};
}

Finding clock_source() {
  const std::string source =
      first_line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (source.empty()) return {Mark::unsure, "the kernel does not say what its clock runs on", ""};
  if (source == "hpet" || source == "acpi_pm" || source == "jiffies") {
    return {Mark::bad, "the kernel's clock is " + source + ": reading it takes microseconds, deadlines slip",
            "boot with clocksource=tsc tsc=reliable, if the processor's time stamp counter is steady"};
  }
  return {Mark::good, "the kernel's clock is " + source, ""};
}

// Handshakes carry the time of day: one that is older than the last is refused as a replay.
Finding time_of_day() {
  timex state{};
  const int status = ::adjtimex(&state);
  if (status != TIME_ERROR && (state.status & STA_UNSYNC) == 0) {
    return {Mark::good, "the time of day is synchronised", ""};
  }
  return {Mark::unsure, "the time of day is not synchronised: set back, handshakes look like replays",
          "run chrony or systemd-timesyncd (Ceph's monitors need it, too)"};
}

Finding tun_device() {
  if (::access("/dev/net/tun", R_OK | W_OK) == 0) return {Mark::good, "/dev/net/tun can be used", ""};
  return {Mark::bad, "/dev/net/tun cannot be used", "modprobe tun; in a container, --device /dev/net/tun"};
}

Finding udp_offload() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int size = 1472;
  const int on = 1;
  const bool sends = ::setsockopt(socket.get(), IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) == 0;
  const bool receives = ::setsockopt(socket.get(), IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
  if (sends && receives) return {Mark::good, "the kernel sends and receives trains of datagrams", ""};
  return {Mark::unsure, "the kernel has no UDP segmentation offload: each cell costs a system call's work",
          "use Linux 5.0 or later"};
}

}  // namespace

Findings examine_host() {
  return {real_time(),   real_time_share(), locked_memory(), clock_source(),
          time_of_day(), tun_device(),      udp_offload()};
}

bool may_have_realtime() {
  return why_no_realtime().empty();
}

// A kernel that shares real time out among control groups gives a group nothing unless somebody says how
// much, and a service has a group of its own: what the shell may, the unit may not.
Finding examine_priority(const std::string& why_not, bool permitted_here, const std::string& agent_cgroup) {
  const bool in_own_group = !agent_cgroup.empty() && agent_cgroup != "/";
  if (why_not.find("configuration") == std::string::npos && permitted_here && in_own_group) {
    return {Mark::bad,
            fmt::format(
                "the agent runs without real-time priority, which is permitted here, but not in its control "
                "group {}: {}",
                agent_cgroup, why_not),
            "AmbientCapabilities=CAP_SYS_NICE and no RestrictRealtime= in its unit; where the kernel shares "
            "real time out "
            "among groups (CONFIG_RT_GROUP_SCHED), boot with rt_group_sched=0, or write the group's "
            "cpu.rt_runtime_us"};
  }
  return {Mark::bad, "the agent runs without real-time priority: " + why_not,
          "run it by its unit cuttle@NAME, or as root; realtime = true in [runtime]"};
}

}  // namespace cuttle::doctor
