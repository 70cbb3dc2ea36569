// How long before its deadline the sealing of a train begins, where a thread releases it: what sealing takes
// here, and half as much again. Measured at the start, with all caches hot; payloads come from another CPU's
// cache, so it follows what sealing takes in slots, with payloads or without. Only how long the pacer then
// waits for the deadline depends on it, and not when the train leaves.
//
// One thread. No clock: it is told how long each train took.
#pragma once

#include <algorithm>

#include "base/time.hh"

namespace cuttle {

class SealLead {
 public:
  SealLead() = default;
  explicit SealLead(Duration of_a_train) : min_(of_a_train * 3 / 2), lead_(min_) {}

  Duration now() const { return lead_; }
  // That of the start: whatever shows on the wire goes by it.
  Duration at_start() const { return min_; }
  // A preempted thread takes any time: so no more than a few times what was measured.
  void handle_sealed(Duration took) {
    const Duration wanted = std::min(took + took / 4, min_ * kMax);
    lead_ = wanted > lead_ ? wanted : min_ + (lead_ - min_) * (kForget - 1) / kForget;
  }

 private:
  static constexpr int64_t kMax = 4;
  static constexpr int64_t kForget = 4096;  // trains

  Duration min_{};
  Duration lead_{};
};

}  // namespace cuttle
