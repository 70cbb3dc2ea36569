// How a receiver with many links saves wake-ups: where trains come in so often that several do within a small
// share of the shortest slot, it lets them gather for that long before it looks again. On few links, and
// where slots are short, each train is read at once. It depends on slots and numbers of trains, which are the
// same whatever the cells carry.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.hh"

namespace cuttle {

class Gathering {
 public:
  static constexpr Duration kWindow = milliseconds(20);
  // What a train waits is at most this share of the shortest slot, and this long.
  static constexpr int64_t kSlotShare = 16;
  static constexpr Duration kLongest = microseconds(500);
  // A shorter wait saves nothing: that is what a wake-up takes.
  static constexpr Duration kShortest = microseconds(100);
  // So many in each wait, or it is not worth it.
  static constexpr int64_t kTrains = 2;

  void set_shortest_slot(Duration slot) {
    const Duration wait = std::min(slot / kSlotShare, kLongest);
    wait_ = wait < kShortest ? Duration{0} : wait;
  }

  // So many trains were read in one round, which ended now: how long to wait before the next.
  Duration handle_round(Instant now, size_t trains) {
    trains_ += static_cast<int64_t>(trains);
    if (const Duration window = now - since_; window >= kWindow) {
      gathers_ = wait_ * trains_ >= window * kTrains;
      since_ = now;
      trains_ = 0;
    }
    return gathers_ ? wait_ : Duration{0};
  }

 private:
  Duration wait_{};
  Instant since_{};
  int64_t trains_ = 0;
  bool gathers_ = false;
};

}  // namespace cuttle
