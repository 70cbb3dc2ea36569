// Whether a capture's stamps can be believed. They come from several CPUs, so neighbours may change places by
// a little; a stamp far ahead of those behind it, or a clock that was set back, would move packets into
// windows of time they were never in. Packets of one direction go through one CPU at a time; those of another
// may wait for theirs, already stamped, for as long as something keeps it busy.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/result.hh"
#include "base/time.hh"

namespace cuttle::capture {

// Most that stamps of one direction may go back from one packet to a later one, where their order counts.
inline constexpr Duration kLittleDisorder = milliseconds(10);
// Of different directions.
inline constexpr Duration kDisorderOfDirections = milliseconds(100);

class StampCheck {
 public:
  explicit StampCheck(Duration tolerance) : tolerance_(tolerance) {}

  // `packet`: its number in the capture, from 1. `direction`: the same for all packets between the same two
  // ends, that way. The error is without the file's name.
  Result<void> handle_stamp(uint64_t packet, Instant time, uint64_t direction);

 private:
  static constexpr size_t kMaxDirections = 4096;
  struct Stamp {
    Instant time;
    uint64_t packet = 0;  // 0: none yet
  };
  Result<void> check_jumps(uint64_t packet, Instant time);
  Result<void> check_direction(uint64_t packet, Instant time, uint64_t direction);

  Duration tolerance_;
  Stamp latest_;
  // The last jump ahead: the latest stamp before it, and the packet that jumped.
  Stamp jump_;
  std::unordered_map<uint64_t, Stamp> latest_of_;  // direction
};

}  // namespace cuttle::capture
