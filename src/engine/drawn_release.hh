// For debugging only: the instants that a schedule drew, on their way from a lane's pacer to whoever logs
// them (node/draw_log.hh).
#pragma once

#include <cstdint>

#include "base/ring.hh"
#include "base/time.hh"

namespace cuttle {

// Pacer to control thread; what does not fit is left out.
struct DrawnRelease {
  Instant drawn;
  uint32_t cells = 0;
};
using DrawnReleases = Ring<DrawnRelease>;
inline constexpr size_t kDrawnReleasesWaiting = 16384;

}  // namespace cuttle
