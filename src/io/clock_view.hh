// A clock device (clock_device.hh) as whoever sends through it sees it, which may be another process than the
// one that set it up: which interface it is, and how late what it let pass came by.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "base/time.hh"
#include "io/file_descriptor.hh"

namespace cuttle {

// What a map of create_late_map() (clock_program.hh) holds, mapped into memory; nothing where that is not
// possible. Its descriptor may be closed meanwhile.
class LateCounts {
 public:
  explicit LateCounts(const FileDescriptor& map);
  LateCounts(LateCounts&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)) {}
  LateCounts& operator=(LateCounts&& other) noexcept {
    std::swap(counts_, other.counts_);
    return *this;
  }
  ~LateCounts();

  const uint64_t* counts() const { return counts_; }  // kLateBuckets, which the kernel goes on counting

 private:
  const uint64_t* counts_ = nullptr;
};

class ClockView {
 public:
  // `late_map`: what ClockDevice::take_late_map() gave.
  ClockView(std::string underlay, uint32_t index, const FileDescriptor& late_map)
      : underlay_(std::move(underlay)), index_(index), late_(late_map) {}

  const std::string& underlay() const { return underlay_; }
  // Any thread.
  uint32_t index() const { return index_.load(std::memory_order_relaxed); }

  // --- One thread, the same for both.

  // The device was set up again: it is another interface, with other counts.
  void handle_anew(uint32_t index, const FileDescriptor& late_map) {
    index_.store(index, std::memory_order_relaxed);
    late_ = LateCounts(late_map);
  }
  // How much later than planned what it let pass came by, since it was set up.
  struct Lateness {
    uint64_t count = 0;
    Duration p50{};
    Duration p99{};
    Duration p999{};
    // Of those below a millisecond; the square root of the variance.
    Duration deviation{};
  };
  Lateness lateness() const;

 private:
  std::string underlay_;
  std::atomic<uint32_t> index_;
  LateCounts late_;
};

}  // namespace cuttle
