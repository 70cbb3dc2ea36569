#include "audit/progress.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace cuttle::audit {

Progress::Progress(Show show) : shown_(show == Show::yes), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::begin(const std::string& stage) {
  finish();
  stage_ = stage;
  began_ = printed_ = std::chrono::steady_clock::now();
  if (shown_ && terminal_) print(0);
}

void Progress::at(double fraction) {
  if (!shown_ || stage_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - printed_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000)))
    return;
  printed_ = now;
  print(fraction);
}

void Progress::finish() {
  if (!shown_ || stage_.empty()) return;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  fmt::print(stderr, "{}{}: done in {:.1f} s{}\n", terminal_ ? "\r" : "", stage_, took.count(),
             terminal_ ? "\x1b[K" : "");
  stage_.clear();
}

void Progress::print(double fraction) {
  const double percent = 100 * std::clamp(fraction, 0.0, 1.0);
  fmt::print(stderr, "{}{}: {:.0f} %{}", terminal_ ? "\r" : "", stage_, percent, terminal_ ? "\x1b[K" : "\n");
  std::fflush(stderr);
}

}  // namespace cuttle::audit
