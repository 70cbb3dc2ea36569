// What `bench idle` compares with: a thread with a pacer's priority that sleeps to the beginning of each slot
// and does nothing else. What it takes is the kernel's and the machine's, and no pacer that sleeps can take
// less.
#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <span>

#include "io/clock.hh"
#include "io/realtime.hh"

namespace cuttle {
namespace {

constexpr int kPriority = 50;  // as the pacer's

int sleep_to_slots(Duration slot, Duration time) {
  if (auto set = set_realtime_priority(kPriority); !set) {
    fmt::print(stderr, "sleeper: {}\n", set.error().message);
    return 1;
  }
  const MonotonicClock clock;
  const Instant began = clock.now();
  const ThreadUse before = thread_use();
  Duration late{};
  int64_t slots = 0;
  for (Instant deadline = began + slot; deadline < began + time; deadline = deadline + slot) {
    clock.sleep_until(deadline);
    late = late + (clock.now() - deadline);
    ++slots;
  }
  const Duration used = thread_use().cpu - before.cpu;
  fmt::print("{{\"cores\": {:.4f}, \"late_us\": {:.1f}}}\n",
             static_cast<double>(used.ns) / static_cast<double>(time.ns),
             static_cast<double>(late.ns) / 1e3 / static_cast<double>(slots));
  return 0;
}

}  // namespace
}  // namespace cuttle

int main(int count, char** words) {
  int slot_us = 0;
  int seconds = 0;
  const auto read = [](const char* word, int& number) {
    return std::from_chars(word, word + std::strlen(word), number).ec == std::errc() && number > 0;
  };
  if (count != 3 || !read(words[1], slot_us) || !read(words[2], seconds)) {
    fmt::print(stderr, "usage: sleeper SLOT_US SECONDS\n");
    return 2;
  }
  return cuttle::sleep_to_slots(cuttle::microseconds(slot_us), cuttle::seconds(seconds));
}
