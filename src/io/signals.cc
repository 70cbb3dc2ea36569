#include "io/signals.hh"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "io/os_error.hh"

namespace cuttle {

Result<Signals> Signals::block_and_watch() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return os_failure("cannot block signals", error);
  }
  FileDescriptor fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return os_failure("cannot watch for signals", errno);
  return Signals(std::move(fd));
}

std::optional<std::string> Signals::take() const {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return std::string("SIG") + sigabbrev_np(static_cast<int>(info.ssi_signo));
}

}  // namespace cuttle
