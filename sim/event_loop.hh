// Virtual time: what happens, in order of its instant; what happens at one instant, in order of its posting.
// Nothing takes real time and nothing is random, so a run is its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "base/time.hh"

namespace cuttle::sim {

class EventLoop {
 public:
  using Action = std::function<void()>;

  Instant now() const { return now_; }
  // An instant that has passed means now.
  void at(Instant when, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
  void run_until(Instant end);

  uint64_t events() const { return done_; }

 private:
  struct Event {
    Instant when;
    uint64_t order;
    size_t action;  // its place in actions_: the heap moves small things only
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };

  Instant now_{0};
  uint64_t posted_ = 0;
  uint64_t done_ = 0;
  std::vector<Event> heap_;
  std::vector<Action> actions_;
  std::vector<size_t> free_;
};

}  // namespace cuttle::sim
