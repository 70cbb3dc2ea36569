// A queue as the clock. Trains are handed over ahead of time; a rate-limited queue in the kernel lets each go
// at its instant, so how late a thread wakes up does not reach the wire. Between two trains stands a *pause*:
// a datagram that never leaves this machine, whose length tells the queue how long to wait before it lets the
// next one pass (src/io/clock_device.hh). So gaps are as drawn, and nothing that can be seen tells what was
// drawn.
//
// The queue is a token bucket that earns a nanosecond of credit in every nanosecond, up to `depth`; a pause
// costs its length and passes when there is so much credit, a train passes at once. As long as trains come
// before their instant, the queue's own lateness does not add up: it lets the n-th pass at the sum of the
// pauses before it. Source of the bucket: Linux net/sched/sch_tbf.c (tc-tbf(8)), of lengths: tc-stab(8).
//
// One thread. No clock: `now` is a parameter.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hh"
#include "link/draws.hh"

namespace cuttle {

// How long a pause of each length waits. The lengths of time are irregular and secret, so that instants lie
// on no grid that an observer could know.
class PauseTable {
 public:
  // A frame's length counts in steps of so many bytes.
  static constexpr uint32_t kBytesPerStep = 4;
  static constexpr uint32_t kUnitLog2 = 10;   // of the table's units, in nanoseconds
  static constexpr uint32_t kFirstStep = 18;  // the shortest pause's frame has 72 bytes
  static constexpr uint32_t kFewestLevels = 24;

  // `shortest_cell_frame`: pauses are shorter frames than any cell. Nullopt where that leaves too few.
  static std::optional<PauseTable> draw(Draws& draws, uint32_t shortest_cell_frame);

  size_t levels() const { return lengths_.size(); }
  Duration length(size_t level) const { return lengths_[level]; }
  uint32_t frame_bytes(size_t level) const {
    return (kFirstStep + static_cast<uint32_t>(level)) * kBytesPerStep;
  }
  // The queue's table of costs, in units of 2^kUnitLog2 ns, by frame length in steps; all frames up to
  // `longest_frame` have a place, and what is no pause costs nothing.
  std::vector<uint16_t> costs(uint32_t longest_frame) const;
  // The longest pause of at most that length; nullopt when all are longer.
  std::optional<size_t> level_for(Duration at_most) const;

 private:
  explicit PauseTable(std::vector<Duration> lengths) : lengths_(std::move(lengths)) {}
  std::vector<Duration> lengths_;  // ascending
};

class QueueClock {
 public:
  // What the bucket holds at the most: the longest time without a train that does not upset it.
  static constexpr Duration kDepth = milliseconds(150);
  // Each packet costs at least so much.
  static constexpr Duration kPacketCost = nanoseconds(1);

  explicit QueueClock(PauseTable table) : table_(std::move(table)) {}

  // The queue is a new one, its bucket full.
  void handle_fresh(Instant now) {
    end_ = now - kDepth;
    delay_ = {};
  }
  // The queue lets everything pass so much later than this believes. It is made up for at twice the rate.
  void handle_delay(Duration delay) { delay_ = delay_ + delay; }
  bool is_delayed() const { return delay_.ns > 0; }
  // Before anything is put in, at `now`: the credit of a time without packets is limited.
  void handle_time(Instant now) { end_ = std::max(end_, now - kDepth); }
  // Something is to pass at `instant`: of a delay, half the time until then is made up for.
  void handle_instant(Instant instant) {
    if (!is_delayed() || instant <= end_) return;
    const Duration part = std::min(delay_, (instant - end_) / 2);
    end_ = end_ + part;
    delay_ = part.ns > 0 ? delay_ - part : Duration{};
  }
  // The next pause to put in so that what follows passes at `instant`; nullopt when it is as near as it gets
  // (what is left over goes to the next one).
  std::optional<size_t> poll_pause(Instant instant) const { return table_.level_for(instant - end_); }
  // That pause was put in.
  void handle_pause(size_t level) { end_ = end_ + table_.length(level); }
  // A train was put in, in so many packets.
  void handle_train(size_t packets) { end_ = end_ + kPacketCost * static_cast<int64_t>(packets); }

  // When what was put in last passes, or passed.
  Instant end() const { return end_; }
  const PauseTable& table() const { return table_; }

 private:
  PauseTable table_;
  Instant end_{INT64_MIN / 2};
  Duration delay_{};
};

}  // namespace cuttle
