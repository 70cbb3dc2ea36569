// Stages 2 and 3 on a reactor: for each lane whose sending side is on this shard, every slot, seal n cells
// and release them at the deadline. One timer serves all of them; its callback runs when the reactor looks at
// its timers, ahead of every task that is ready.
//
// A reactor is one thread, so work that depends on payload runs on the thread that keeps time. What can be
// done about that is done here: such work asks has_time_for() before each piece, and when the next release is
// too near it waits until that has left.
#pragma once

#include <cstdint>
#include <seastar/core/condition-variable.hh>
#include <seastar/core/future.hh>
#include <seastar/core/timer.hh>
#include <vector>

#include "engine/lane.hh"
#include "io/clock.hh"
#include "link/turn_sequences.hh"

namespace cuttle {

class Pacer {
 public:
  // `poll_before`: busy-wait so long before each deadline.
  explicit Pacer(Duration poll_before);

  // The lane outlives its stay.
  void add(Lane& lane);
  void remove(const Lane& lane);
  // What the lane's receiver, on whatever shard, last lost; for the peer.
  void set_loss(const Lane& lane, uint16_t loss_65536ths);

  // Whether a piece of work that takes so long ends before the pacer wants to be awake again. Where slots are
  // short, a quarter of one is time enough, or nothing would ever be done.
  bool has_time_for(Duration work) const;
  // Resolves after the next release of any lane, and at once when there is none to come.
  seastar::future<> next_release();
  // Resolves when there is time for such work, but after one slot's length at the latest.
  seastar::future<> turn_for(Duration work);
  // Cancels the timer and wakes everyone who waits for a release.
  void stop();

 private:
  struct Due {
    Instant wake;
    Lane* lane;
    uint16_t loss_65536ths = 0;
    bool operator>(const Due& other) const { return wake > other.wake; }
  };

  void run();
  void slot(const Due& due);
  Instant wake_for(const Lane& lane) const;
  void arm();

  Duration poll_before_;
  Duration shortest_slot_ = seconds(1);
  MonotonicClock clock_;
  std::vector<Due> due_;  // a heap, earliest first
  TurnSequences sequences_;
  seastar::timer<> timer_;
  seastar::condition_variable released_;
};

}  // namespace cuttle
