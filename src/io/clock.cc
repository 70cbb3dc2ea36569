#include "io/clock.hh"

#include <sys/resource.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

#include "base/check.hh"

namespace cuttle {

namespace {

constexpr int64_t kSecond_ns = 1'000'000'000;

int64_t read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * kSecond_ns + t.tv_nsec;
}

void relax_processor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Instant MonotonicClock::now() const {
  return {read_clock(CLOCK_MONOTONIC)};
}

Duration monotonic_offset() {
  std::ifstream offsets("/proc/self/timens_offsets");
  std::string clock;
  int64_t whole_s = 0;
  int64_t rest_ns = 0;
  while (offsets >> clock >> whole_s >> rest_ns) {
    // Linux before 5.6 has no such file, and its first versions give the clock's number.
    if (clock == "monotonic" || clock == std::to_string(CLOCK_MONOTONIC))
      return seconds(whole_s) + Duration{rest_ns};
  }
  return {};
}

void MonotonicClock::sleep_until(Instant when) const {
  if (now() >= when) return;
  const timespec t{when.ns / kSecond_ns, when.ns % kSecond_ns};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {
  }
}

void MonotonicClock::poll_until(Instant when) const {
  while (now() < when) relax_processor();
}

ThreadUse thread_use() {
  rusage use{};
  CUTTLE_CHECK(::getrusage(RUSAGE_THREAD, &use) == 0, "the thread does not know what it used");
  const auto duration_of = [](const timeval& time) {
    return seconds(time.tv_sec) + microseconds(time.tv_usec);
  };
  return {duration_of(use.ru_utime) + duration_of(use.ru_stime), static_cast<uint64_t>(use.ru_nvcsw)};
}

void MonotonicClock::yield_until(Instant when) const {
  while (now() < when) std::this_thread::yield();
}

ClockReadings read_clocks() {
  ClockReadings readings{};
  for (int tries = 0; tries < 5; ++tries) {
    readings = {{read_clock(CLOCK_MONOTONIC)}, {read_clock(CLOCK_BOOTTIME)}, {read_clock(CLOCK_REALTIME)}};
    if (read_clock(CLOCK_MONOTONIC) - readings.monotonic.ns < 1'000'000) break;
  }
  return readings;
}

uint64_t wall_clock_ns() {
  return static_cast<uint64_t>(read_clock(CLOCK_REALTIME));
}

}  // namespace cuttle
