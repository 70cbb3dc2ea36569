// A lane as the number that an event queue hands back when there is something for it.
#pragma once

#include <cstdint>

#include "engine/lane.hh"

namespace cuttle {

inline uint64_t tag_of(const Lane& lane) {
  return reinterpret_cast<uintptr_t>(&lane);
}
inline Lane& lane_of(uint64_t tag) {
  return *reinterpret_cast<Lane*>(tag);
}

}  // namespace cuttle
