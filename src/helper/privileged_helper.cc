#include "helper/privileged_helper.hh"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

#include "crypto/secret.hh"
#include "helper/remote_machine.hh"
#include "io/clock.hh"
#include "io/limits.hh"
#include "io/os_error.hh"
#include "io/realtime.hh"
#include "node/confinement.hh"

namespace cuttle::helper {

namespace {

// How often it looks whether something is due; what it watches it looks at every two seconds.
constexpr int kTick_ms = 250;
// An agent that does not take an answer for so long will not take it any more.
constexpr Duration kAnswerTime = seconds(60);

// Copies of what was read stand in the dead part of the stack too, where a compiler put registers aside.
[[gnu::noinline]] void wipe_dead_stack() {
  std::array<char, 256 * 1024> dead;
  explicit_bzero(dead.data(), dead.size());
}

// False when the agent is gone.
bool serve_one(const Channel& channel, Service& service) {
  const auto request = channel.receive(MonotonicClock().now() + kAnswerTime);
  if (!request) return false;
  Answer answer = service.handle(request->octets);
  const auto sent = send_answer(channel, answer, MonotonicClock().now() + kAnswerTime);
  wipe(answer.octets.data(), answer.octets.size());
  wipe_dead_stack();
  return sent.has_value();
}

void serve(const Channel& channel, LocalMachineOptions options) {
  options.confine = confine_helper;
  LocalMachine machine(std::move(options));
  Service service(machine);
  const MonotonicClock clock;
  for (;;) {
    pollfd waiting{channel.fd(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kTick_ms);
    if (ready > 0 && !serve_one(channel, service)) return;
    (void)machine.handle_timeout(clock.now());
  }
}

[[noreturn]] void be_helper(const Channel& channel, LocalMachineOptions options, pid_t agent) noexcept {
  // A ^C on the terminal, and what systemd sends to all processes of a unit, are for the agent.
  setsid();
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_IGN);
  // At once, in the midst of whatever it does: what `cuttle down` takes away then is not put back.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != agent) _exit(1);
  prctl(PR_SET_NAME, "cuttle-helper", 0, 0, 0);
  (void)lock_memory();
  (void)set_high_priority();  // the agent's control thread waits for it
  raise_open_files();
  try {
    serve(channel, std::move(options));
  } catch (const std::exception& error) {
    spdlog::error("the privileged helper ends: {}", error.what());
    _exit(1);
  }
  _exit(0);
}

}  // namespace

Result<std::unique_ptr<Machine>> start_privileged_helper(LocalMachineOptions options) {
  auto ends = Channel::make_pair();
  if (!ends) return tl::unexpected(ends.error());
  std::signal(SIGCHLD, SIG_IGN);  // nobody waits for the process: it leaves nothing when it ends
  const pid_t agent = getpid();
  const pid_t child = fork();
  if (child < 0) return os_failure("cannot start the privileged helper", errno);
  if (child == 0) {
    ends->first = Channel(FileDescriptor());
    be_helper(ends->second, std::move(options), agent);
  }
  return std::make_unique<RemoteMachine>(std::move(ends->first), options.file, options.driver);
}

}  // namespace cuttle::helper
