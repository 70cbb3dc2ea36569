// A load that all comes at once.
#pragma once

#include "plan/load.hh"

namespace cuttle::plan {

inline LinkLoad burst(size_t packets, uint32_t bytes) {
  LinkLoad load;
  load.name = "a burst";
  for (size_t i = 0; i < packets; ++i) load.arrivals.push_back({Instant{} + seconds(1), bytes});
  load.span = seconds(2);
  load.seen = load.span;
  load.bytes = packets * bytes;
  return load;
}

}  // namespace cuttle::plan
