// Stages 2 and 3 as a thread: for each lane, every slot, seal n cells and release them at the deadline.
// Nothing here depends on payload. Runs with real-time priority where permitted.
#pragma once

#include <atomic>
#include <vector>

#include "engine/lane_handover.hh"
#include "engine/paced_lanes.hh"
#include "io/clock.hh"
#include "io/pacer_share.hh"
#include "node/wait_for_loop.hh"

namespace cuttle {

struct PacerOptions {
  Duration poll_before;  // busy-wait so long before each deadline instead of sleeping until it
  bool spin = false;     // never sleep
  // Of its CPU, where it cannot keep its schedule: asked for more than the host has, it leaves slots out, and
  // receiver and packer have the rest. 100: they have CPUs of their own.
  int max_percent = 100;
};

class PacerLoop {
 public:
  PacerLoop(std::vector<Lane*> lanes, PacerOptions options);

  void run(const std::atomic<bool>& stop);

  // While it runs; from the control thread. Each is followed by wait(), which takes as long as until the next
  // slot of any of its lanes.
  void begin_add(std::vector<Lane*> lanes) { change_.begin_join(std::move(lanes)); }
  void begin_remove(std::vector<Lane*> lanes) { change_.begin_leave(std::move(lanes)); }
  void wait() const { wait_for_loop(change_); }

 private:
  void slot(const PacedLanes::Due& due);
  void give_way();
  void wait_for(Instant seal_at, bool in_group);

  std::vector<Lane*> at_first_;
  PacedLanes lanes_;
  LaneHandover change_;
  PacerOptions options_;
  PacerShare share_;
  MonotonicClock clock_;
};

}  // namespace cuttle
