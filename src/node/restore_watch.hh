// Looks out for a machine that was set back to an earlier state (link/clock_watch.hh,
// io/generation_events.hh). Whoever holds sessions ends them all then: what their keys sealed since is not
// known here. One thread.
#pragma once

#include <optional>
#include <string_view>

#include "io/clock.hh"
#include "io/generation_events.hh"
#include "link/clock_watch.hh"

namespace cuttle {

class RestoreWatch {
 public:
  RestoreWatch();

  // To be polled for input; -1 where there are no such events.
  int fd() const { return events_ ? events_->fd() : -1; }
  // After fd() was ready, and at every tick. What happened, in words; nullopt: nothing did.
  std::optional<std::string_view> handle_timeout();

 private:
  std::optional<GenerationEvents> events_;
  ClockWatch clocks_;
};

}  // namespace cuttle
