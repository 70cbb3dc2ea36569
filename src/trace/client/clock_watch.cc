// Ceph stamps log lines with the coarse clock, which steps once a tick (4 ms), and prints them to the
// millisecond. `log_coarse_timestamps = false` changes that for the lines of libceph-common; librados carries
// a copy of the clock of its own that no option reaches, so the lines of the Objecter and of librados stay
// coarse.
//
// This definition of clock_gettime stands before the C library's in this program. It answers the coarse clock
// with the fine one, and records each such reading with its thread. The tracer gives the nth coarse line of a
// thread the nth reading of that thread, and only where their numbers agree (exact_time.hh).
#include <dlfcn.h>

#include <atomic>
#include <ctime>

#include "recorder.hh"

namespace {

using ClockGettime = int (*)(clockid_t, timespec*);

ClockGettime c_library() {
  static std::atomic<ClockGettime> found{nullptr};
  ClockGettime function = found.load(std::memory_order_relaxed);
  if (function == nullptr) {
    function = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
    found.store(function, std::memory_order_relaxed);
  }
  return function;
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* time) noexcept {
  if (id != CLOCK_REALTIME_COARSE) return c_library()(id, time);
  const int status = c_library()(CLOCK_REALTIME, time);
  if (status == 0) {
    cuttle::trace::record(cuttle::trace::RecordKind::clock, cuttle::trace::Call::create,
                          int64_t{time->tv_sec} * 1'000'000'000 + time->tv_nsec, 0);
  }
  return status;
}
