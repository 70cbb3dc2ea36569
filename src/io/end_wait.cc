#include "io/end_wait.hh"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "io/clock.hh"

namespace cuttle {

void wait_for_the_end(const Signals& signals, std::optional<Duration> time) {
  const MonotonicClock clock;
  const Instant until = time ? clock.now() + *time : Instant::never();
  std::array<pollfd, 2> both{{{signals.fd(), POLLIN, 0}, {time ? -1 : STDIN_FILENO, POLLIN, 0}}};
  for (;;) {
    const int64_t left_ms = std::max<int64_t>(0, (until - clock.now()).ns / 1'000'000);
    if (::poll(both.data(), both.size(), time ? static_cast<int>(left_ms) : -1) == 0 && left_ms == 0) return;
    if (both[0].revents != 0) return;
    if (both[1].revents == 0) continue;
    std::array<char, 256> typed;  // is not the shell's
    (void)!::read(STDIN_FILENO, typed.data(), typed.size());
    return;
  }
}

void ignore_broken_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace cuttle
