// The queue of a clock device (src/io/clock_device.hh) on a virtual time line: a token bucket that earns a
// nanosecond in every nanosecond, first in, first out. What passes leaves a little late, as the kernel's
// timer and softirq are; how late comes from the seed alone. All times are the node's own. Beside it, what
// `release = "txtime"` hands trains to.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>

#include "base/random.hh"
#include "base/time.hh"
#include "engine/queue_device.hh"
#include "link/queue_clock.hh"

namespace cuttle::sim {

class SimQueue {
 public:
  SimQueue(uint64_t seed, PauseTable table) : random_(seed), table_(std::move(table)) {}

  const PauseTable& table() const { return table_; }

  // So many packets of a train, put in at `now`: when they leave.
  Instant put_train(size_t packets, Instant now) {
    return put(QueueClock::kPacketCost * static_cast<int64_t>(packets), now);
  }
  // A pause, which may say when it is due to pass. Nothing beyond lets it out.
  void put_pause(size_t frame_bytes, std::optional<Instant> due, Instant now) {
    const size_t level = frame_bytes / PauseTable::kBytesPerStep - PauseTable::kFirstStep;
    const Instant passes = put(table_.length(level), now);
    if (due) stamped_.push_back({passes, passes - *due});
  }
  // Somebody sets its interface down and up: the bucket is full.
  void reset(Instant now) {
    credit_ = QueueClock::kDepth;
    last_pass_ = counted_at_ = now;
    stamped_.clear();
  }

  // Of the stamped pauses that have passed by then.
  QueueCounts counts(Instant now) {
    for (; !stamped_.empty() && stamped_.front().passes <= now; stamped_.pop_front()) {
      ++counts_.passed;
      counts_.last_late = stamped_.front().late;
      if (counts_.last_late < Duration{} - kEarly) ++counts_.early;
    }
    return counts_;
  }

 private:
  // As the program that counts them has it (src/io/clock_program.hh).
  static constexpr Duration kEarly = QueueWatch::kEarly;

  Instant put(Duration cost, Instant now) {
    const Instant turn = std::max(now, last_pass_);
    credit_ = std::min(QueueClock::kDepth, credit_ + (turn - counted_at_));
    const Duration wait = std::max(Duration{}, cost - credit_);
    last_pass_ = counted_at_ = turn + wait;
    credit_ = credit_ + wait - cost;
    const Duration late = nanoseconds(static_cast<int64_t>(random_.below(40'000)));
    last_left_ = std::max(last_left_, last_pass_ + late);
    return last_left_;
  }

  struct Stamped {
    Instant passes;
    Duration late;
  };

  Random random_;
  PauseTable table_;
  Duration credit_ = QueueClock::kDepth;
  Instant counted_at_{0};
  Instant last_pass_{INT64_MIN};
  Instant last_left_{INT64_MIN};
  std::deque<Stamped> stamped_;
  QueueCounts counts_;
};

// A queue that reads from each train when to let it go (fq): no bucket, no order among lanes.
class SimInstantQueue {
 public:
  explicit SimInstantQueue(uint64_t seed) : random_(seed) {}

  // When it leaves.
  Instant put_train(Instant instant, Instant now) {
    return std::max(instant, now) + nanoseconds(static_cast<int64_t>(random_.below(40'000)));
  }

 private:
  Random random_;
};

}  // namespace cuttle::sim
