// Where a real-time thread runs. The kernel moves one that a thread of higher priority interrupts to another
// CPU. Where such threads are due on every CPU, thousands of times a second, it can be moved so often that it
// hardly ever runs, although the CPUs are idle half of the time. So a thread that had work all the time and
// was not run stays where it is; and goes back to where the kernel puts it when that did not help.
#pragma once

#include <cstdint>

#include "base/time.hh"
#include "io/clock.hh"

namespace cuttle {

enum class Place { anywhere, here };

class Placement {
 public:
  // One that had to wait less than this for its CPU is not worth a change.
  static constexpr int kMostPercent = 80;

  Place place() const { return place_; }

  // Once in a while, some milliseconds: where the thread should run from now on. `use`: of the thread, so
  // far.
  Place handle_window(Instant now, const ThreadUse& use) {
    const Duration window = now - since_;
    const bool starved = use.waits == use_.waits && (use.cpu - use_.cpu) * 100 < window * kMostPercent;
    if (starved && since_ != Instant{}) place_ = place_ == Place::here ? Place::anywhere : Place::here;
    since_ = now;
    use_ = use;
    return place_;
  }

 private:
  Place place_ = Place::anywhere;
  Instant since_{};
  ThreadUse use_{};
};

}  // namespace cuttle
