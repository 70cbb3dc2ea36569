// A link's rate by day of the week and time of day, written in advance: public, and so telling nothing about
// what the link carries. Times are UTC, in whole minutes, and a week is 10,080 of them: no time zone, no
// daylight saving, the same at both ends. Pure; wall-clock times are nanoseconds since 1970 as POSIX counts
// them (no leap seconds).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.hh"

namespace cuttle {

inline constexpr uint32_t kMinutesPerDay = 1440;
inline constexpr uint32_t kMinutesPerWeek = 7 * kMinutesPerDay;

// Bit 0 is Monday.
using Weekdays = uint8_t;
inline constexpr Weekdays kEveryDay = 0x7f;

struct CalendarEntry {
  Weekdays days = kEveryDay;  // on which it begins
  uint32_t from_minute = 0;   // of the day: 0 to 1439
  uint32_t until_minute = 0;  // 1 to 1440; not after `from_minute`: of the next day
  uint64_t rate_bps = 0;

  // How long it lasts.
  uint32_t minutes() const {
    return until_minute > from_minute ? until_minute - from_minute
                                      : until_minute + kMinutesPerDay - from_minute;
  }
  bool operator==(const CalendarEntry&) const = default;
};

// A minute of the week that two entries claim; nullopt: there is none.
std::optional<uint32_t> find_overlap(std::span<const CalendarEntry> entries);

// "mon" is 0.
std::string_view weekday_name(uint32_t day);

class Calendar {
 public:
  struct Step {
    uint64_t rate_bps;
    int64_t wall_ns;  // when it begins, or began
  };

  // `otherwise_bps` holds where no entry does. The entries do not overlap.
  Calendar(uint64_t otherwise_bps, std::span<const CalendarEntry> entries);

  uint64_t rate_at(int64_t wall_ns) const { return step_at(wall_ns).rate_bps; }
  // That holds then.
  Step step_at(int64_t wall_ns) const;
  // The next one; nullopt where the rate is always the same.
  std::optional<Step> next_after(int64_t wall_ns) const;
  // Each rate once, ascending.
  std::vector<uint64_t> rates() const;
  // Bytes of a whole week at these rates.
  double bytes_a_week() const;
  // Of rates and times, never 0: two calendars of one fingerprint are the same, but for one in 65,535.
  uint16_t fingerprint() const;

 private:
  struct Change {
    uint32_t minute;  // of the week
    uint64_t rate_bps;
  };
  std::vector<Change> changes_;  // by minute; neighbours differ; at least one
};

}  // namespace cuttle
