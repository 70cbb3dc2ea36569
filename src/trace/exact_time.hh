// The exact moments of log lines that carry only a coarse stamp (client/clock_watch.cc says why there are
// such).
#pragma once

#include <cstdint>
#include <vector>

#include "trace/log_line.hh"

namespace cuttle::trace {

// One reading of the clock that stamps coarse lines.
struct ClockReading {
  uint64_t thread = 0;
  int64_t ns = 0;
};

struct TimedLine {
  LogLine line;
  int64_t at_ns = 0;           // the truth lies in
  int64_t uncertainty_ns = 0;  // [at_ns, at_ns + uncertainty_ns]
};

// `lines` in the order of the log, `readings` in the order of each thread. Within a thread and a millisecond
// the nth coarse line gets the nth reading, if there are as many readings as lines; else the line keeps its
// coarse stamp, bounded by the lines of its thread around it, and says how uncertain that is. Returned in the
// order of time.
std::vector<TimedLine> exact_times(std::vector<LogLine> lines, const std::vector<ClockReading>& readings);

}  // namespace cuttle::trace
