// A terminal used as a screen: the picture is replaced, and the terminal is as it was before afterwards, also
// when an interrupt ends the program. On anything but a terminal, pictures follow each other as plain text.
#pragma once

#include <string>

#include "base/time.hh"
#include "io/signals.hh"

namespace cuttle {

class Screen {
 public:
  // SIGINT, SIGTERM and SIGHUP are taken over until the end.
  static Result<Screen> open();
  Screen(Screen&& other) noexcept;
  Screen& operator=(Screen&&) = delete;
  ~Screen();

  bool is_terminal() const { return is_terminal_; }
  size_t columns() const;
  void show(const std::string& picture) const;
  // False when a signal asked for the end meanwhile.
  bool wait(Duration duration) const;

 private:
  Screen(Signals signals, bool is_terminal);

  Signals signals_;
  bool is_terminal_;
  bool owner_ = true;
};

}  // namespace cuttle
