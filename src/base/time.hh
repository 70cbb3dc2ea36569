// Integer time. The core never asks what time it is: `now` is a parameter. An Instant counts nanoseconds from
// an epoch that the driver chooses (CLOCK_MONOTONIC natively, zero in the simulation).
#pragma once

#include <compare>
#include <cstdint>

namespace cuttle {

struct Duration {
  int64_t ns = 0;
  constexpr auto operator<=>(const Duration&) const = default;
};

struct Instant {
  int64_t ns = 0;
  constexpr auto operator<=>(const Instant&) const = default;
  static constexpr Instant never() { return {INT64_MAX}; }
};

constexpr Duration nanoseconds(int64_t n) {
  return {n};
}
constexpr Duration microseconds(int64_t n) {
  return {n * 1'000};
}
constexpr Duration milliseconds(int64_t n) {
  return {n * 1'000'000};
}
constexpr Duration seconds(int64_t n) {
  return {n * 1'000'000'000};
}

constexpr Instant operator+(Instant t, Duration d) {
  return {t.ns + d.ns};
}
constexpr Instant operator-(Instant t, Duration d) {
  return {t.ns - d.ns};
}
constexpr Duration operator-(Instant a, Instant b) {
  return {a.ns - b.ns};
}
constexpr Duration operator+(Duration a, Duration b) {
  return {a.ns + b.ns};
}
constexpr Duration operator-(Duration a, Duration b) {
  return {a.ns - b.ns};
}
constexpr Duration operator*(Duration d, int64_t n) {
  return {d.ns * n};
}
constexpr Duration operator/(Duration d, int64_t n) {
  return {d.ns / n};
}

// The machine's clocks at one instant; each counts from an epoch of its own.
struct ClockReadings {
  Instant monotonic;
  Instant boot_time;   // goes on while the machine is suspended
  Instant wall_clock;  // may be set
};

}  // namespace cuttle
