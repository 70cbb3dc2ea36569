#include "io/realtime.hh"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "io/os_error.hh"

namespace cuttle {

Result<void> set_realtime_priority(int priority) {
  prctl(PR_SET_TIMERSLACK, 1);
  const sched_param parameters{priority};
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
  if (error != 0) {
    return os_failure("SCHED_FIFO refused", error,
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

Result<void> lock_memory() {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    return os_failure("locking memory refused", errno,
                      "grant CAP_IPC_LOCK, or LimitMEMLOCK=infinity in the systemd unit");
  }
  return {};
}

Result<void> pin_thread(uint32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  const int error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  if (error != 0) {
    return os_failure("cannot run on CPU " + std::to_string(cpu), error,
                      "name a CPU of this machine in runtime.cpus");
  }
  return {};
}

void name_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace cuttle
