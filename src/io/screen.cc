#include "io/screen.hh"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace cuttle {

namespace {

// ECMA-48 and xterm's control sequences: the other screen and back, cursor off and on.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l";
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";
constexpr std::string_view kHome = "\033[H";
constexpr std::string_view kClearLine = "\033[K\n";
constexpr std::string_view kClearBelow = "\033[J";
constexpr size_t kUsualColumns = 100;

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;  // nobody reads any more
    text.remove_prefix(static_cast<size_t>(done));
  }
}

}  // namespace

Result<Screen> Screen::open() {
  auto signals = Signals::block_and_watch();
  if (!signals) return tl::unexpected(signals.error());
  return Screen(std::move(*signals), ::isatty(STDOUT_FILENO) == 1);
}

Screen::Screen(Signals signals, bool is_terminal) : signals_(std::move(signals)), is_terminal_(is_terminal) {
  if (is_terminal_) put(kEnter);
}

Screen::Screen(Screen&& other) noexcept
    : signals_(std::move(other.signals_)),
      is_terminal_(other.is_terminal_),
      owner_(std::exchange(other.owner_, false)) {}

Screen::~Screen() {
  if (owner_ && is_terminal_) put(kLeave);
}

size_t Screen::columns() const {
  winsize size{};
  if (!is_terminal_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return kUsualColumns;
  return size.ws_col;
}

void Screen::show(const std::string& picture) const {
  if (!is_terminal_) return put(picture + "\n");
  // Line by line over what was there: clearing all first would flicker.
  std::string text(kHome);
  for (const char c : picture) c == '\n' ? text += kClearLine : text += c;
  put(text.append(kClearBelow));
}

bool Screen::wait(Duration duration) const {
  pollfd one{signals_.fd(), POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(duration.ns / 1'000'000)) <= 0;
}

}  // namespace cuttle
