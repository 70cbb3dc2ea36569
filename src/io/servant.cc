#include "io/servant.hh"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "io/clock.hh"
#include "io/os_error.hh"
#include "io/privileges.hh"
#include "io/realtime.hh"

namespace cuttle {

namespace {

constexpr uint64_t kLongestAnswer = 64 << 20;

bool send_all(int socket, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t put = ::send(socket, at, size, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    size -= static_cast<size_t>(put);
  }
  return true;
}

// Copies of what was read stand in the dead part of the stack too, where a compiler put registers aside.
[[gnu::noinline]] void wipe_dead_stack() {
  std::array<char, 256 * 1024> dead;
  explicit_bzero(dead.data(), dead.size());
}

[[noreturn]] void serve_until_the_end(int socket, const std::function<std::string()>& serve,
                                      std::span<const std::string> capabilities) noexcept {
  setsid();  // a ^C on the terminal is for the process that asks
  std::signal(SIGHUP, SIG_IGN);
  (void)lock_memory();
  if (!keep_only_capabilities(capabilities, std::nullopt) || !restrict_system_calls({})) _exit(1);
  for (;;) {
    char asked = 0;
    const ssize_t got = ::recv(socket, &asked, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(0);
    std::string answer = serve();
    const uint64_t size = answer.size();
    const bool sent = send_all(socket, &size, sizeof size) && send_all(socket, answer.data(), answer.size());
    explicit_bzero(answer.data(), answer.size());
    wipe_dead_stack();
    if (!sent) _exit(0);
  }
}

// False at the end of what comes, or of the time.
bool receive_all(int socket, void* data, size_t size, Instant until) {
  const MonotonicClock clock;
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const int64_t left_ms = (until - clock.now()).ns / 1'000'000;
    pollfd waiting{socket, POLLIN, 0};
    if (left_ms <= 0 || (::poll(&waiting, 1, static_cast<int>(left_ms)) < 0 && errno != EINTR)) return false;
    const ssize_t got = ::recv(socket, at, size, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

Result<Servant> Servant::make(std::function<std::string()> serve, std::span<const std::string> capabilities) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return os_failure("cannot make a pair of sockets", errno);
  }
  FileDescriptor ours(ends[0]);
  FileDescriptor its(ends[1]);
  std::signal(SIGCHLD, SIG_IGN);  // nobody waits for the process: it leaves nothing when it ends
  const pid_t child = fork();
  if (child < 0) return os_failure("cannot start a second process", errno);
  if (child == 0) {
    ours = FileDescriptor();
    serve_until_the_end(its.get(), serve, capabilities);
  }
  return Servant(std::move(ours));
}

std::optional<std::string> Servant::receive_answer(Instant until) const {
  uint64_t size = 0;
  if (!receive_all(socket_.get(), &size, sizeof size, until) || size > kLongestAnswer) return std::nullopt;
  std::string answer(size, '\0');
  if (receive_all(socket_.get(), answer.data(), answer.size(), until)) return answer;
  explicit_bzero(answer.data(), answer.size());
  return std::nullopt;
}

Result<std::string> Servant::ask(Duration timeout) {
  const Instant until = MonotonicClock().now() + timeout;
  const char asked = 1;
  if (socket_ && send_all(socket_.get(), &asked, 1)) {
    if (auto answer = receive_answer(until)) return std::move(*answer);
  }
  socket_ = FileDescriptor();
  return failure("the process that reads the files has ended or does not answer; restart the agent");
}

}  // namespace cuttle
