// The live view of `cuttle status --watch`: what happened between two snapshots of one agent, as text for a
// screen. Pure.
#pragma once

#include <string>

#include "base/time.hh"
#include "control/status.hh"

namespace cuttle {

struct WatchLook {
  bool colours = false;  // ANSI colours; the words say the same
  size_t width = 100;    // columns; longer lines are cut
  size_t bar = 20;       // columns of the bar that shows how full a link is
};

// `before` and `now` are `elapsed` apart; an agent that started anew in between shows no rates.
std::string render_watch(const StatusSnapshot& before, const StatusSnapshot& now, Duration elapsed,
                         const WatchLook& look);

}  // namespace cuttle
