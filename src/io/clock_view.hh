// A clock device (clock_device.hh) as whoever sends through it sees it, which may be another process than the
// one that set it up: which interface it is, and how late what it let pass came by.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/file_descriptor.hh"
#include "base/time.hh"
#include "engine/queue_device.hh"

namespace cuttle {

// What a map of create_late_map() (clock_program.hh) holds, mapped into memory; nothing where that is not
// possible. Its descriptor may be closed meanwhile.
class LateCounts {
 public:
  LateCounts() = default;
  explicit LateCounts(const FileDescriptor& map);
  LateCounts(LateCounts&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)) {}
  LateCounts& operator=(LateCounts&& other) noexcept {
    std::swap(counts_, other.counts_);
    return *this;
  }
  ~LateCounts();

  // kLateMapCounts, which the kernel goes on counting; none where they could not be mapped.
  const uint64_t* counts() const { return counts_; }

 private:
  const uint64_t* counts_ = nullptr;
};

class ClockView final : public QueueDevice {
 public:
  // `late_map`: what ClockDevice::take_late_map() gave.
  ClockView(std::string underlay, uint32_t index, const FileDescriptor& late_map)
      : underlay_(std::move(underlay)), index_(index) {
    keep(late_map);
  }

  // --- Any thread.

  uint32_t index() const override { return index_.load(std::memory_order_relaxed); }
  std::optional<QueueCounts> counts() const override;

  // --- One thread, the same for all of these.

  const std::string& underlay() const { return underlay_; }
  // The device was set up again, perhaps on another underlay: it is another interface, with other counts.
  void handle_anew(std::string underlay, uint32_t index, const FileDescriptor& late_map) {
    underlay_ = std::move(underlay);
    keep(late_map);
    index_.store(index, std::memory_order_relaxed);
  }
  QueueLateness lateness() const override;

 private:
  void keep(const FileDescriptor& late_map) {
    LateCounts& late = late_[next_++ % late_.size()];
    late = LateCounts(late_map);
    counts_.store(late.counts(), std::memory_order_release);
  }

  std::string underlay_;
  std::atomic<uint32_t> index_;
  std::atomic<const uint64_t*> counts_{nullptr};
  // The last ones: whoever just reads one of before goes on reading it. They come seconds apart.
  std::array<LateCounts, 8> late_;
  size_t next_ = 0;
};

}  // namespace cuttle
