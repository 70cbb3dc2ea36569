// Lanes that join a loop while it runs, or leave it. The control thread says so; the loop takes all of a
// change between two of its rounds, with one look at a word when there is nothing. A pacer has a round a
// slot, and slots can be long: so it is one round for a change, however many lanes it is of.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "engine/lane.hh"

namespace cuttle {

class LaneHandover {
 public:
  // Control thread: returns at once. What makes the loop look is up to the caller. The next one begins when
  // this one is taken.
  void begin_join(std::vector<Lane*> lanes) { begin({std::move(lanes), true}); }
  void begin_leave(std::vector<Lane*> lanes) { begin({std::move(lanes), false}); }
  // Control thread: the loop has taken the change.
  bool is_taken() const { return !waiting_.load(std::memory_order_acquire); }

  // The loop's thread: calls join(lane) or leave(lane) for each when there is a change.
  template <typename Join, typename Leave>
  void poll(Join join, Leave leave) {
    if (is_taken()) return;
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
