#include "io/realtime.hh"

#include <fmt/ranges.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

Result<void> set_realtime_priority(int priority, AmongEquals among_equals) {
  prctl(PR_SET_TIMERSLACK, 1);
  const sched_param parameters{priority};
  const bool in_turns = among_equals == AmongEquals::in_turns;
  const int error = pthread_setschedparam(pthread_self(), in_turns ? SCHED_RR : SCHED_FIFO, &parameters);
  if (error != 0) {
    return os_failure(in_turns ? "SCHED_RR refused" : "SCHED_FIFO refused", error,
                      "grant CAP_SYS_NICE, or LimitRTPRIO=50 in the systemd unit");
  }
  return {};
}

Result<void> set_high_priority() {
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -20) != 0) {
    return os_failure("nice -20 refused", errno, "grant CAP_SYS_NICE, or LimitNICE=-20 in the systemd unit");
  }
  return {};
}

Result<void> spare_write_back() {
  if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) == 0) return {};
  return os_failure("cannot become an I/O flusher", errno, "it needs CAP_SYS_RESOURCE");
}

Result<void> lock_memory() {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    return os_failure("locking memory refused", errno,
                      "grant CAP_IPC_LOCK, or LimitMEMLOCK=infinity in the systemd unit");
  }
  return {};
}

std::vector<uint32_t> thread_cpus() {
  cpu_set_t set;
  std::vector<uint32_t> cpus;
  if (pthread_getaffinity_np(pthread_self(), sizeof set, &set) != 0) return cpus;
  for (uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

Result<void> set_thread_cpus(const std::vector<uint32_t>& cpus, int32_t thread) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const uint32_t cpu : cpus) {
    if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(thread, sizeof set, &set) != 0) {
    return os_failure(fmt::format("cannot run on CPU {}", fmt::join(cpus, ", ")), errno,
                      "name a CPU of this machine in runtime.cpus");
  }
  return {};
}

int32_t current_thread() {
  return gettid();
}

uint32_t current_cpu() {
  return static_cast<uint32_t>(std::max(0, sched_getcpu()));
}

void name_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace cuttle
