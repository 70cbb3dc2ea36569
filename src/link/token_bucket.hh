// How often something may be done: at most `burst` times at once, and once every `interval` on average.
// Counts from arrivals or ticks that the caller names, so it behaves the same however busy a thread was.
#pragma once

#include <algorithm>

#include "base/time.hh"

namespace cuttle {

class TokenBucket {
 public:
  TokenBucket(Duration interval, int burst) : interval_(interval), burst_(burst), tokens_(burst) {}

  // False when there was too much of it. `now` may go back a little; nothing is earned then.
  bool take(Instant now) {
    if (!counting_) {
      counting_ = true;
      since_ = now;
    }
    if (const int64_t earned = (now - since_).ns / interval_.ns; earned > 0) {
      tokens_ = static_cast<int>(std::min<int64_t>(burst_, tokens_ + earned));
      since_ = since_ + interval_ * earned;
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  Duration interval_;
  int burst_;
  int tokens_;
  bool counting_ = false;
  Instant since_{};
};

}  // namespace cuttle
