// Whether this machine was set back to an earlier state, as a virtual machine is that is restored from a
// snapshot, or stood still, as one does that was suspended: then keys and sequence numbers in memory may have
// been used since, and a key is older than the monotonic clock says. Seen from the clocks: the monotonic one
// goes on from where it was, the others are set right by somebody else.
//
//   boot time counts while suspended and is never set: no less than kBootTimeStep has to be wrong between it
//   and the monotonic clock, added up since the last time this was said;
//   the wall clock is slewed and stepped for other reasons, too: kWallClockStep between two looks. Slewed by
//   at most 500 ppm, it never is that far ahead.
//
// Pure; one thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hh"

namespace cuttle {

class ClockWatch {
 public:
  static constexpr Duration kBootTimeStep = milliseconds(10);
  static constexpr Duration kWallClockStep = milliseconds(200);

  explicit ClockWatch(const ClockReadings& at_first)
      : last_(at_first), boot_ahead_(ahead(at_first.boot_time)) {}

  // To be called often (wall-clock steps are measured between two calls). What happened, in words; nullopt:
  // nothing did.
  std::optional<std::string_view> handle_readings(const ClockReadings& now) {
    const Duration wall_before = last_.wall_clock - last_.monotonic;
    last_ = now;
    const Duration boot_ahead = ahead(now.boot_time);
    const Duration stood = boot_ahead - boot_ahead_;
    const Duration stepped = ahead(now.wall_clock) - wall_before;
    if (magnitude(stood) >= kBootTimeStep) {
      boot_ahead_ = boot_ahead;
      return "this machine was suspended";
    }
    if (magnitude(stepped) >= kWallClockStep) return "the wall clock was set";
    return std::nullopt;
  }

 private:
  Duration ahead(Instant clock) const { return clock - last_.monotonic; }
  static Duration magnitude(Duration d) { return d.ns < 0 ? Duration{-d.ns} : d; }

  ClockReadings last_;
  Duration boot_ahead_;
};

}  // namespace cuttle
