// How high a node lets its rate be, by what is lost of its links' cells: the option `yield` of a ladder, for
// paths that others use as well (RFC 9347, section 2.4.2, asks for a rate that gives way there; here it gives
// way by steps of the ladder, at epochs, out of the budget of bits).
//
// The ceiling falls to the step below the one at which more than 1 % was lost, however often and by however
// many that is said. It rises by one step after kQuietEpochs epochs with less, and after twice as many for
// each time that a rise was followed by a fall. Where nothing is known of an epoch nothing changes.
//
// The breaker (RFC 8084) is for what goes on although nothing is left to give way with: more than 10 % lost
// in kCutAfter epochs one after the other, at the lowest step or with the budget spent.
//
// Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "ladder/step_keeper.hh"

namespace cuttle::ladder {

// Of the cells of a stretch, in 65,536ths. Nullopt: none came, so there is nothing to say. Fewer lost ones
// than kFewCells are none: on a slow link one cell is more than a hundredth.
std::optional<uint16_t> share_lost(uint64_t came, uint64_t lost);

class Yielding {
 public:
  static constexpr uint32_t kTolerable_65536ths = 655;   // 1 %
  static constexpr uint32_t kExcessive_65536ths = 6554;  // 10 %
  static constexpr uint64_t kFewCells = 3;
  static constexpr uint32_t kQuietEpochs = 6;
  static constexpr uint32_t kMostQuietEpochs = 384;
  static constexpr uint32_t kCutAfter = 6;

  Yielding(const LadderShape& shape, uint32_t ceiling) : top_(shape.top()), ceiling_(ceiling) {}

  // So much was lost on one link in a stretch that was all at `step`. The worst of an epoch counts.
  void handle_lost(uint32_t lost_65536ths, uint32_t step);
  // What could be heard of this epoch was. `can_fall`: the budget has a change for it. Whether it is time for
  // the breaker.
  bool handle_epoch(uint32_t step, bool can_fall);
  // Nothing of this epoch counts: the clock was set, or the thread came too late.
  void handle_missed() { worst_.reset(); }

  uint32_t ceiling() const { return ceiling_; }
  // Epochs without loss that a rise takes at the moment.
  uint32_t patience() const { return patience_; }

  struct Counters {
    uint64_t falls = 0;
    uint64_t rises = 0;
    uint64_t unknown = 0;  // epochs of which no link knew what was lost
  };
  const Counters& counters() const { return counters_; }

 private:
  void handle_quiet();

  uint32_t top_;
  uint32_t ceiling_;
  std::optional<uint32_t> worst_;  // of this epoch
  uint32_t quiet_ = 0;             // epochs, one after the other
  uint32_t patience_ = kQuietEpochs;
  bool rose_ = false;  // since it fell last
  uint32_t excessive_ = 0;
  Counters counters_;
};

}  // namespace cuttle::ladder
