// Lanes that join a loop while it runs, or leave it. The control thread says so; the loop takes all of a
// change between two of its rounds, with one look at a word when there is nothing. A pacer has a round a
// slot, and slots can be long: so it is one round for a change, however many lanes it is of.
#pragma once

#include <atomic>
#include <vector>

#include "engine/lane.hh"
#include "io/clock.hh"

namespace cuttle {

class LaneChange {
 public:
  // Control thread: returns at once. What makes the loop look is up to the caller. Each is followed by
  // wait().
  void begin_join(std::vector<Lane*> lanes) { begin({std::move(lanes), true}); }
  void begin_leave(std::vector<Lane*> lanes) { begin({std::move(lanes), false}); }
  // Control thread: returns once the loop has taken the change.
  void wait() const {
    constexpr Duration kLook = microseconds(200);
    MonotonicClock clock;
    while (waiting_.load(std::memory_order_acquire)) clock.sleep_until(clock.now() + kLook);
  }

  // The loop's thread: calls join(lane) or leave(lane) for each when there is a change.
  template <typename Join, typename Leave>
  void poll(Join join, Leave leave) {
    if (!waiting_.load(std::memory_order_acquire)) return;
    for (Lane* lane : change_.lanes) {
      if (change_.joins) {
        join(*lane);
      } else {
        leave(*lane);
      }
    }
    waiting_.store(false, std::memory_order_release);
  }

 private:
  struct Change {
    std::vector<Lane*> lanes;
    bool joins = false;
  };

  void begin(Change change) {
    change_ = std::move(change);
    waiting_.store(true, std::memory_order_release);
  }

  Change change_;  // the loop's while one waits, else the control thread's
  std::atomic<bool> waiting_{false};
};

}  // namespace cuttle
