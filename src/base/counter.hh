// Counters that one thread writes and any thread may read: no lock, no read-modify-write on the bus.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/time.hh"

namespace cuttle {

class Counter {
 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// How often durations fell where: eight buckets for each power of two nanoseconds, so a percentile is at most
// an eighth too high. Negative durations count as zero.
class Histogram {
 public:
  void add(Duration duration) {
    const uint64_t ns = duration.ns < 0 ? 0 : static_cast<uint64_t>(duration.ns);
    buckets_[bucket_of(ns)].add();
    if (ns > max_.value()) max_.set(ns);
  }

  // Upper edge of the bucket that holds the given share (0 to 1) of what was added; zero when nothing was.
  Duration percentile(double share) const {
    uint64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.value();
    if (total == 0) return {0};
    const auto wanted = static_cast<uint64_t>(share * static_cast<double>(total));
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i].value();
      if (seen > wanted) return {static_cast<int64_t>(upper_edge(i))};
    }
    return max();
  }
  Duration max() const { return {static_cast<int64_t>(max_.value())}; }
  uint64_t count() const {
    uint64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.value();
    return total;
  }

 private:
  static constexpr size_t kPerOctave = 8;
  static constexpr size_t kBuckets = 40 * kPerOctave;

  static size_t bucket_of(uint64_t ns) {
    if (ns < kPerOctave) return static_cast<size_t>(ns);
    const auto octave = static_cast<size_t>(std::bit_width(ns)) - 4;  // 8..15 is octave 0
    const size_t bucket = kPerOctave * (octave + 1) + ((ns >> octave) & (kPerOctave - 1));
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static uint64_t upper_edge(size_t bucket) {
    if (bucket < kPerOctave) return bucket;
    const size_t octave = bucket / kPerOctave - 1;
    return ((kPerOctave + bucket % kPerOctave + 1) << octave) - 1;
  }

  std::array<Counter, kBuckets> buckets_;
  Counter max_;
};

}  // namespace cuttle
