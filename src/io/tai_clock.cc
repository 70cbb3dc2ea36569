#include "io/tai_clock.hh"

#include <ctime>

namespace cuttle {

namespace {

constexpr int kTries = 5;
// Two clocks' readings are rounded.
constexpr int64_t kRounding_ns = 500;

int64_t read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

TaiReading read_tai() {
  const Instant before{read_clock(CLOCK_MONOTONIC)};
  const int64_t tai_ns = read_clock(CLOCK_TAI);
  return {before, tai_ns, {read_clock(CLOCK_MONOTONIC)}};
}

bool TaiClock::fits(const TaiReading& reading) const {
  return ahead_ns_ && reading.tai_ns >= reading.before.ns + *ahead_ns_ - kRounding_ns &&
         reading.tai_ns <= reading.after.ns + *ahead_ns_ + kRounding_ns;
}

// The nearer together, the more exact; a thread may be kept from running in between.
void TaiClock::look_again() {
  std::optional<TaiReading> best;
  for (int tries = 0; tries < kTries; ++tries) {
    const TaiReading reading = read_();
    if (!best || reading.after - reading.before < best->after - best->before) best = reading;
  }
  ahead_ns_ = best->tai_ns - (best->before.ns + (best->after - best->before).ns / 2);
}

uint64_t TaiClock::at(Instant instant) {
  if (!fits(read_())) look_again();
  return static_cast<uint64_t>(instant.ns + *ahead_ns_);
}

}  // namespace cuttle
