// The queue under a clock device, as tc-tbf(8) describes it: a bucket that fills at one nanosecond a
// nanosecond.
#pragma once

#include <algorithm>

#include "link/queue_clock.hh"

namespace cuttle {

class Bucket {
 public:
  Instant put(Duration cost, Instant now) {
    const Instant turn = std::max(now, passed_);
    credit_ = std::min(QueueClock::kDepth, credit_ + (turn - counted_));
    const Duration wait = std::max(Duration{}, cost - credit_);
    credit_ = credit_ + wait - cost;
    passed_ = counted_ = turn + wait;
    return passed_;
  }
  // As Linux does when a device is set down, or its carrier goes: what waits is lost.
  void reset(Instant now) {
    credit_ = QueueClock::kDepth;
    passed_ = counted_ = now;
  }

 private:
  Duration credit_ = QueueClock::kDepth;
  Instant passed_{INT64_MIN};
  Instant counted_{0};
};

}  // namespace cuttle
