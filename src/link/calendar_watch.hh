// When a link changes its rate by a calendar, on the clock that its pacers go by. The wall clock says when;
// what it says is turned into an instant of the monotonic clock well ahead, so that neither how busy the
// handshakes' thread is nor how late it wakes shows in the change. A wall clock that is wrong changes the
// rate at the wrong time, which the other end is told (wire/handshake.hh); one that is set makes the rate
// what the calendar says at the new time, within twice what a change is told ahead.
//
// Pure; one thread, that of the handshakes.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "link/calendar.hh"

namespace cuttle {

struct CalendarAhead {
  Duration told = seconds(10);   // pacers hear of a change so long ahead
  Duration placed = seconds(2);  // and make room for the lane's new slots so long ahead
};

class CalendarWatch {
 public:
  struct Change {
    uint64_t rate_bps;
    Instant at;
    Instant place_at;
  };

  CalendarWatch(Calendar calendar, uint64_t wall_clock_ns, CalendarAhead ahead = {})
      : calendar_(std::move(calendar)), ahead_(ahead), told_bps_(begins_with(wall_clock_ns)) {}

  // The rate that a link starts with. Less than `ahead.told` before a change it is the coming one already.
  uint64_t begins_with_bps() const { return told_bps_; }

  // To be called at least every 100 ms. What the pacers are to be told; each change once.
  std::optional<Change> handle_time(Instant now, uint64_t wall_clock_ns) {
    const int64_t wall_ns = now.ns + wall_ahead(now, static_cast<int64_t>(wall_clock_ns));
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
  static constexpr Duration kWasSet = milliseconds(100);

  uint64_t begins_with(uint64_t wall_clock_ns) const {
    return calendar_.rate_at(static_cast<int64_t>(wall_clock_ns) + ahead_.told.ns);
  }

  // The wall clock is read after the other one, now and then much later where this thread was kept from
  // running in between; so the least difference of the last rounds is the right one.
  int64_t wall_ahead(Instant now, int64_t wall_ns) {
    const int64_t ahead_ns = wall_ns - now.ns;
    const bool was_set =
        rounds_ > 0 && (ahead_ns - latest_ns_ > kWasSet.ns || latest_ns_ - ahead_ns > kWasSet.ns);
    if (was_set) rounds_ = 0;
    differences_ns_[rounds_++ % differences_ns_.size()] = ahead_ns;
    const auto used = std::min(rounds_, differences_ns_.size());
    latest_ns_ =
        *std::min_element(differences_ns_.begin(), differences_ns_.begin() + static_cast<int64_t>(used));
    return latest_ns_;
  }

  Calendar calendar_;
  CalendarAhead ahead_;
  uint64_t told_bps_;
  std::array<int64_t, 16> differences_ns_{};
  size_t rounds_ = 0;
  int64_t latest_ns_ = 0;
};

}  // namespace cuttle
