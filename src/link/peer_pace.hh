// Whether a peer's cells run ahead of this node's clock. The peer sends at a rate that is known, so the
// number of a cell says when it can have left at the earliest. A network delays cells, by more and by less,
// but it cannot bring one before that: where they all come earlier than they did a moment ago, this node's
// clock was set back or stood still, as that of a virtual machine does that is restored from a snapshot or
// was stopped. Then keys in memory may have been used before (threat-model.md, "The first moments after a
// restore").
//
// A network that held all cells back for seconds and stops doing so looks the same; new keys do no harm then,
// and when the old ones end follows from when that cell came (association.hh, kReaction).
//
// Pure; one thread, the receiver's. Nothing is allocated.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/ids.hh"
#include "base/time.hh"

namespace cuttle {

// How a peer sends on a lane.
struct PeerTimes {
  Duration cell_interval{};  // from cell to cell, that or longer; 0: not known
  Duration slot{};           // of its plan, or longer

  // So that no number of 32 bits is too large for a sum. Slower lanes are left alone.
  static constexpr Duration kLongestInterval = seconds(1);
};

class PeerPace {
 public:
  // And two of the peer's slots: within one, a cell leaves at an instant that was drawn.
  static constexpr Duration kAhead = milliseconds(500);
  static constexpr Duration kRecent = seconds(2);

  PeerPace() = default;
  // A session begins. Without an interval nothing is ever ahead.
  explicit PeerPace(PeerTimes times)
      : cell_interval_(times.cell_interval <= PeerTimes::kLongestInterval ? times.cell_interval : Duration{}),
        ahead_(kAhead + times.slot * 2) {}

  // An authentic cell of it, and when it came. True: it runs ahead of this node's clock; once for each time.
  bool handle_cell(Instant now, Sequence sequence) {
    if (cell_interval_.ns == 0) return false;
    const int64_t ahead_ns = static_cast<int64_t>(sequence.value) * cell_interval_.ns - now.ns;
    const int64_t most_ns = has_any_ ? std::max(before_ns_, recent_ns_) : ahead_ns;
    if (!has_any_ || now - since_ >= kRecent) {
      before_ns_ = has_any_ ? recent_ns_ : ahead_ns;
      recent_ns_ = ahead_ns;
      since_ = now;
      has_any_ = true;
    }
    recent_ns_ = std::max(recent_ns_, ahead_ns);
    return ahead_ns > most_ns + ahead_.ns;
  }

 private:
  Duration cell_interval_{};
  Duration ahead_ = kAhead;
  bool has_any_ = false;
  Instant since_{};
  // How far ahead of the clock the number was at the most, give or take a constant: since then, and in the
  // time before.
  int64_t recent_ns_ = 0;
  int64_t before_ns_ = 0;
};

}  // namespace cuttle
