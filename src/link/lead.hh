// How far ahead of its instant a train is handed to the queue: as little as the host's lateness allows, since
// every packet waits for it. It follows the lateness that one wake-up in some thousands exceeds. On the wire
// nothing of it shows: when a train leaves is fixed, however early it was handed over.
//
// One thread. No clock: it is told how late each wake-up was.
#pragma once

#include <algorithm>

#include "base/time.hh"

namespace cuttle {

class Lead {
 public:
  static constexpr Duration kMin = microseconds(250);
  static constexpr Duration kMax = milliseconds(2);
  static constexpr Duration kAtFirst = milliseconds(1);

  Lead() = default;
  // Stays what it is.
  explicit Lead(Duration fixed) : lead_(fixed), fixed_(true) {}

  Duration now() const { return lead_; }
  // A wake-up came so late (negative: early), and the work until the train is handed over takes so long.
  void handle_wake_up(Duration late, Duration work) {
    if (fixed_) return;
    if (late > seldom_exceeded_) {
      seldom_exceeded_ = std::min(late, seldom_exceeded_ + seldom_exceeded_ / 4 + kMargin);
    } else {
      seldom_exceeded_ = seldom_exceeded_ - seldom_exceeded_ / kForget;
    }
    lead_ = std::clamp(seldom_exceeded_ + work + kMargin, kMin, kMax);
  }

 private:
  static constexpr int64_t kForget = 8192;  // wake-ups
  static constexpr Duration kMargin = microseconds(50);

  Duration lead_ = kAtFirst;
  Duration seldom_exceeded_ = kAtFirst - kMargin;
  bool fixed_ = false;
};

}  // namespace cuttle
