// What a reactor with real-time priority leaves to others: work that strangers can cause asks here after each
// piece, and rests a moment when the reactor has hardly ever waited lately. Releases go on meanwhile.
#pragma once

#include <seastar/core/future.hh>

#include "io/clock.hh"
#include "io/cpu_guard.hh"

namespace cuttle {

class Rest {
 public:
  // The reactor has real-time priority from now on.
  void handle_realtime() { realtime_ = true; }

  bool is_due() const {
    if (!realtime_) return false;
    const Instant now = clock_.now();
    return now < until_ || guard_.is_due(now);
  }
  // Once it is due, from the reactor's own thread: resolves when work may go on, at once when there is no
  // need to rest.
  seastar::future<> take();

 private:
  bool realtime_ = false;
  CpuGuard guard_;
  MonotonicClock clock_;
  Instant until_{};
};

}  // namespace cuttle
