// What scenarios are drawn with.
#pragma once

#include "base/random.hh"
#include "base/time.hh"

namespace cuttle::sim {

inline int64_t between(Random& random, int64_t min, int64_t max) {
  return min + static_cast<int64_t>(random.below(static_cast<uint64_t>(max - min + 1)));
}

inline Instant instant_in(Random& random, Instant from, Instant until) {
  return from + Duration{static_cast<int64_t>(random.below(static_cast<uint64_t>((until - from).ns)))};
}

}  // namespace cuttle::sim
