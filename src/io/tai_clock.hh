// Instants of our clock as those of CLOCK_TAI, which etf reads. Both run alike and are slewed alike, so one
// is ahead of the other by a constant until somebody sets the clock (settimeofday, a leap second, TAI's own
// offset). So each use compares the two, and reads how far they are apart again where that does not fit any
// more: the first train after a step carries the new time. Source: clock_gettime(2); Linux
// kernel/time/timekeeping.c (offs_tai).
//
// One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hh"

namespace cuttle {

// Our clock, CLOCK_TAI, our clock.
struct TaiReading {
  Instant before;
  int64_t tai_ns = 0;
  Instant after;
};
TaiReading read_tai();

class TaiClock {
 public:
  using Read = TaiReading (*)();
  explicit TaiClock(Read read = read_tai) : read_(read) {}

  // That instant in nanoseconds of TAI.
  uint64_t at(Instant instant);

 private:
  bool fits(const TaiReading& reading) const;
  void look_again();

  Read read_;
  std::optional<int64_t> ahead_ns_;  // TAI, of our clock
};

}  // namespace cuttle
