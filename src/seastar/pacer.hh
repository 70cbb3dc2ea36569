// Stages 2 and 3 on a reactor: for each lane whose sending side is on this shard, every slot, seal n cells
// and release them at the deadline. One timer serves all of them; its callback runs when the reactor looks at
// its timers, ahead of every task that is ready.
//
// A reactor is one thread, so work that depends on payload runs on the thread that keeps time. What can be
// done about that is done here: such work asks has_time_for() before each piece, and when the next release is
// too near it waits until that has left (PacerTurn). Asked for more than the host has, the pacer leaves it a
// share of the reactor (PacerShare): else, always late, it would let one piece through a slot.
//
// Nothing here allocates once the lanes are there.
#pragma once

#include <cstdint>
#include <seastar/core/condition-variable.hh>
#include <seastar/core/timer.hh>
#include <unordered_map>

#include "engine/lane.hh"
#include "engine/paced_lanes.hh"
#include "io/clock.hh"
#include "io/pacer_share.hh"

namespace cuttle {

class Pacer {
 public:
  // `poll_before`: it wakes up so much before a release and polls the rest.
  explicit Pacer(Duration poll_before);

  // The lane outlives its stay.
  void add(Lane& lane);
  // Wakes everyone who waits for a release.
  void remove(const Lane& lane);
  // What the lane's receiver, on whatever shard, last lost; for the peer.
  void set_loss(const Lane& lane, uint16_t loss_65536ths);

  // Whether a piece of work that takes so long ends before the pacer wants to be awake again. Where slots are
  // short, a quarter of one is time enough, or nothing would ever be done.
  bool has_time_for(Duration work) const;
  // For co_await, while there is a lane: until the next release of any, or until one is removed.
  auto next_release() { return released_.when(); }
  Duration shortest_slot() const { return shortest_slot_; }

 private:
  void run();
  bool is_due() const;
  void slot(Lane& lane);
  void look_at_next();
  void give_way(Instant began);
  void arm();
  void look_for_shortest_slot();

  Duration poll_before_;
  Duration shortest_slot_;
  MonotonicClock clock_;
  PacedLanes lanes_;
  Instant next_wake_{};  // for the release that is next, while there is a lane; or when a rest is over
  PacerShare share_{PacerShare::kSharedCpuPercent};
  Duration at_work_{};                                       // so far
  std::unordered_map<const Lane*, uint16_t> loss_65536ths_;  // of every lane that is here
  seastar::timer<> timer_;
  seastar::condition_variable released_;
};

// How one piece of work waits for its time, without an allocation:
//
//   for (PacerTurn turn(pacer, work); !turn.has_come();) co_await pacer.next_release();
//
// It comes after one slot's length at the latest.
class PacerTurn {
 public:
  PacerTurn(const Pacer& pacer, Duration work)
      : pacer_(pacer), work_(work), at_the_latest_(clock_.now() + pacer.shortest_slot()) {}

  bool has_come() const { return pacer_.has_time_for(work_) || clock_.now() >= at_the_latest_; }

 private:
  const Pacer& pacer_;
  Duration work_;
  MonotonicClock clock_;
  Instant at_the_latest_;
};

}  // namespace cuttle
