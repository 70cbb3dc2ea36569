// A lane that joins a loop while it runs, or leaves it. The control thread says so and waits; the loop takes
// it between two of its rounds, with one look at a word when there is nothing.
#pragma once

#include <atomic>

#include "io/clock.hh"
#include "node/lane.hh"

namespace cuttle {

class LaneChange {
 public:
  // Control thread: returns once the loop has taken the change. `wake_up` makes the loop look.
  template <typename WakeUpLoop>
  void join(Lane& lane, WakeUpLoop wake_up) {
    hand_over({&lane, true}, wake_up);
  }
  template <typename WakeUpLoop>
  void leave(Lane& lane, WakeUpLoop wake_up) {
    hand_over({&lane, false}, wake_up);
  }

  // The loop's thread: calls join(lane) or leave(lane) when there is a change.
  template <typename Join, typename Leave>
  void poll(Join join, Leave leave) {
    const Change* change = waiting_.load(std::memory_order_acquire);
    if (change == nullptr) return;
    if (change->joins) {
      join(*change->lane);
    } else {
      leave(*change->lane);
    }
    waiting_.store(nullptr, std::memory_order_release);
  }

 private:
  struct Change {
    Lane* lane;
    bool joins;
  };

  template <typename WakeUpLoop>
  void hand_over(Change change, WakeUpLoop wake_up) {
    constexpr Duration kLook = microseconds(200);
    MonotonicClock clock;
    waiting_.store(&change, std::memory_order_release);
    wake_up();
    while (waiting_.load(std::memory_order_acquire) != nullptr) clock.sleep_until(clock.now() + kLook);
  }

  std::atomic<const Change*> waiting_{nullptr};
};

}  // namespace cuttle
