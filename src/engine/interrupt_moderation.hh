// How a receiver with many links saves wake-ups: where several lanes have something to read within a small
// share of the shortest slot, it lets arrivals gather for that long before it looks again. On few links, and
// where slots are short, it reads at once. It depends on slots and on how many lanes have arrivals, which is
// the same whatever the cells carry.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/time.hh"
#include "engine/lane.hh"

namespace cuttle {

class InterruptModeration {
 public:
  static constexpr Duration kWindow = milliseconds(20);
  // What an arrival waits is at most this share of the shortest slot, and this long.
  static constexpr int64_t kSlotShare = 16;
  static constexpr Duration kLongest = microseconds(500);
  // A shorter wait saves nothing: that is what a wake-up takes.
  static constexpr Duration kShortest = microseconds(100);
  // So many arrivals in each wait, or it is not worth it.
  static constexpr int64_t kArrivals = 2;

  // The shortest time between two releases of one lane.
  void set_shortest_slot(Duration slot) {
    const Duration wait = std::min(slot / kSlotShare, kLongest);
    max_ = wait < kShortest ? Duration{0} : wait;
  }

  // So many lanes had something to read just now.
  void handle_arrivals(Instant now, size_t lanes) {
    arrivals_ += static_cast<int64_t>(lanes);
    const Duration window = now - since_;
    if (window < kWindow) return;
    moderates_ = max_.ns > 0 && max_ * arrivals_ >= window * kArrivals;
    since_ = now;
    arrivals_ = 0;
  }

  // How long to wait once nothing is left to read; 0: until something comes.
  Duration wait() const { return moderates_ ? max_ : Duration{0}; }

 private:
  Duration max_{};
  Instant since_{};
  int64_t arrivals_ = 0;
  bool moderates_ = false;
};

// Between two releases of any of these lanes, whatever its step; 0 where there is none.
inline Duration shortest_release_gap(std::span<Lane* const> lanes) {
  Duration shortest = lanes.empty() ? Duration{0} : kLongestSlot;
  for (const Lane* lane : lanes) {
    for (const SlotPlan& plan : lane->sender.steps().plans) {
      shortest = std::min(shortest, plan.period() / plan.releases_per_slot());
    }
  }
  return shortest;
}

}  // namespace cuttle
