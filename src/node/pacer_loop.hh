// Stages 2 and 3 as a thread: for each lane, every slot, seal n cells and release them at the deadline.
// Nothing here depends on payload. Runs with real-time priority where permitted.
#pragma once

#include <atomic>
#include <vector>

#include "io/clock.hh"
#include "node/lane.hh"

namespace cuttle {

struct PacerOptions {
  Duration poll_before;  // busy-wait so long before each deadline instead of sleeping until it
  bool spin = false;     // never sleep
};

class PacerLoop {
 public:
  PacerLoop(std::vector<Lane*> lanes, PacerOptions options);

  void run(const std::atomic<bool>& stop);

 private:
  struct Due {
    Instant deadline;
    size_t lane;
    bool operator>(const Due& other) const { return deadline > other.deadline; }
  };

  void slot(Lane& lane);

  std::vector<Lane*> lanes_;
  std::vector<Due> due_;  // a heap, earliest deadline first
  PacerOptions options_;
  MonotonicClock clock_;
};

}  // namespace cuttle
