// Whether a capture's stamps can be believed. They come from several CPUs, so neighbours may change places by
// a little; a stamp far ahead of those behind it, or a clock that was set back, would move packets into
// windows of time they were never in.
#pragma once

#include <cstdint>

#include "base/result.hh"
#include "base/time.hh"

namespace cuttle::capture {

// Most that stamps may go back from one packet to a later one, where their order counts.
inline constexpr Duration kLittleDisorder = milliseconds(10);

class StampCheck {
 public:
  explicit StampCheck(Duration tolerance) : tolerance_(tolerance) {}

  // `packet`: its number in the capture, from 1. The error is without the file's name.
  Result<void> handle_stamp(uint64_t packet, Instant time);

 private:
  Duration tolerance_;
  Instant latest_;
  uint64_t latest_packet_ = 0;  // 0: none yet
  // The last jump ahead: the latest stamp before it, and the packet that jumped.
  Instant before_jump_;
  uint64_t jumped_packet_ = 0;
};

}  // namespace cuttle::capture
