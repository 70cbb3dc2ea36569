#include "io/second_process.hh"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/check.hh"
#include "io/limits.hh"
#include "io/os_error.hh"
#include "io/realtime.hh"

namespace cuttle {

namespace {

[[noreturn]] void be_second(const std::string& name, const std::function<void(const Channel&)>& serve,
                            const Channel& channel, pid_t first) noexcept {
  setsid();
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_IGN);
  end_with_first_process();
  if (getppid() != first) _exit(1);
  name_thread(name);
  // Whoever may not is told so by the first process, which does the same.
  (void)lock_memory();
  (void)spare_write_back();
  (void)set_high_priority();
  raise_open_files();
  serve(channel);
  _exit(0);
}

}  // namespace

void end_with_first_process() {
  CUTTLE_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "a process can ask to end with its parent");
}

Result<Channel> start_second_process(const std::string& name,
                                     const std::function<void(const Channel&)>& serve) {
  auto ends = Channel::make_pair();
  if (!ends) return tl::unexpected(ends.error());
  std::signal(SIGCHLD, SIG_IGN);  // nobody waits for the process: it leaves nothing when it ends
  const pid_t first = getpid();
  const pid_t child = fork();
  if (child < 0) return os_failure("cannot start a second process", errno);
  if (child == 0) {
    ends->first = Channel(FileDescriptor());
    be_second(name, serve, ends->second, first);
  }
  return std::move(ends->first);
}

}  // namespace cuttle
