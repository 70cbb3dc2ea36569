// When a link changes its rate by a calendar, on the clock that its pacers go by. The wall clock says when;
// what it says is turned into an instant of the monotonic clock well ahead, so that neither how busy the
// handshakes' thread is nor how late it wakes shows in the change. A wall clock that is wrong changes the
// rate at the wrong time, which the other end is told (wire/handshake.hh); one that is set makes the rate
// what the calendar says at the new time, within twice what a change is told ahead.
//
// Pure; one thread, that of the handshakes.
#pragma once

#include <optional>
#include <utility>

#include "link/calendar.hh"
#include "link/wall_time.hh"

namespace cuttle {

class CalendarWatch {
 public:
  struct Change {
    uint64_t rate_bps;
    Instant at;
    Instant place_at;
  };

  CalendarWatch(Calendar calendar, uint64_t wall_clock_ns, ToldAhead ahead = {})
      : calendar_(std::move(calendar)), ahead_(ahead), told_bps_(begins_with(wall_clock_ns)) {}

  // The rate that a link starts with. Less than `ahead.told` before a change it is the coming one already.
  uint64_t begins_with_bps() const { return told_bps_; }

  // To be called at least every 100 ms. What the pacers are to be told; each change once.
  std::optional<Change> handle_time(Instant now, uint64_t wall_clock_ns) {
    const int64_t wall_ns = wall_time_.handle_time(now, wall_clock_ns);
    const Calendar::Step step = calendar_.step_at(wall_ns + ahead_.told.ns);
    if (step.rate_bps == told_bps_) return std::nullopt;
    told_bps_ = step.rate_bps;
    Instant at = now + Duration{step.wall_ns - wall_ns};
    // Began long ago: the clock was set. When that was noticed is the host's business.
    if (at < now + ahead_.placed) at = Instant{(now.ns / ahead_.told.ns + 2) * ahead_.told.ns};
    return Change{step.rate_bps, at, at - ahead_.placed};
  }

  const Calendar& calendar() const { return calendar_; }

 private:
  uint64_t begins_with(uint64_t wall_clock_ns) const {
    return calendar_.rate_at(static_cast<int64_t>(wall_clock_ns) + ahead_.told.ns);
  }

  Calendar calendar_;
  ToldAhead ahead_;
  uint64_t told_bps_;
  WallTime wall_time_;
};

}  // namespace cuttle
