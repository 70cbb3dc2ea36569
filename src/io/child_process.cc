#include "io/child_process.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/os_error.hh"

extern char** environ;

namespace cuttle {

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(5);
constexpr Duration kKillTimeout = milliseconds(2000);

int status_of(int raw) {
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return failure(fmt::format("cannot make a pipe: {}", os_error_text(errno)));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments,
                                         const std::vector<std::pair<int, int>>& descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // dup2 onto its own number would keep close-on-exec; callers use numbers that no descriptor of ours has.
  for (const auto& [ours, theirs] : descriptors) posix_spawn_file_actions_adddup2(&actions, ours, theirs);
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments.front().c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return failure(fmt::format("cannot start {}: {}", arguments.front(), os_error_text(error)));
  return ChildProcess(pid);
}

ChildProcess::~ChildProcess() {
  end();
}

std::optional<int> ChildProcess::wait_until(Instant deadline) {
  if (pid_ < 0) return 0;
  while (true) {
    int raw = 0;
    const pid_t ended = waitpid(pid_, &raw, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) {
      pid_ = -1;
      return ended < 0 ? 0 : status_of(raw);
    }
    if (steady_now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kLookAgain);
  }
}

void ChildProcess::end() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  (void)wait_until(steady_now() + kKillTimeout);
  pid_ = -1;
}

void signal_process(pid_t pid, int signal) {
  (void)kill(pid, signal);
}

bool read_more(int fd, Instant deadline, std::string& text, bool& at_end) {
  at_end = false;
  while (true) {
    const int64_t left_ms = std::max<int64_t>(0, ((deadline - steady_now()).ns + 999'999) / 1'000'000);
    pollfd wanted{fd, POLLIN, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(std::min<int64_t>(left_ms, 1'000'000)));
    if (ready == 0) return false;
    if (ready > 0) {
      std::array<char, 65536> buffer;
      const ssize_t got = read(fd, buffer.data(), buffer.size());
      if (got > 0) {
        text.append(buffer.data(), static_cast<size_t>(got));
        return true;
      }
      if (got == 0) {
        at_end = true;
        return false;
      }
    }
    if (errno != EINTR && errno != EAGAIN) {
      at_end = true;
      return false;
    }
  }
}

}  // namespace cuttle
