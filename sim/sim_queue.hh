// The queue of a clock device (src/io/clock_device.hh) on a virtual time line: a token bucket that earns a
// nanosecond in every nanosecond, first in, first out. What passes leaves a little late, as the kernel's
// timer and softirq are; how late comes from the seed alone. All times are the node's own.
#pragma once

#include <algorithm>

#include "base/random.hh"
#include "base/time.hh"
#include "link/queue_clock.hh"

namespace cuttle::sim {

class SimQueue {
 public:
  explicit SimQueue(uint64_t seed) : random_(seed) {}

  // Put in at `now`: when it leaves.
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

 private:
  Random random_;
  Duration credit_ = QueueClock::kDepth;
  Instant counted_at_{0};
  Instant last_pass_{INT64_MIN};
  Instant last_left_{INT64_MIN};
};

}  // namespace cuttle::sim
