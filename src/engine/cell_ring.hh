// A bounded ring of whole cells between one producing and one consuming thread: handshakes on their way
// between the handshakes' thread and the lanes. Allocates nothing after construction, whoever sends.
#pragma once

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>

#include "base/bytes.hh"
#include "base/check.hh"
#include "base/time.hh"

namespace cuttle {

class CellRing {
 public:
  CellRing(size_t cell_bytes, size_t capacity)
      : cell_bytes_(cell_bytes),
        mask_(std::bit_ceil(capacity) - 1),
        memory_(std::make_unique<uint8_t[]>(cell_bytes * (mask_ + 1))),
        stamps_(std::make_unique<Instant[]>(mask_ + 1)) {}

  size_t capacity() const { return mask_ + 1; }

  struct Entry {
    Bytes cell;
    Instant stamp;  // inwards when it arrived, outwards when it is due
  };

  // Producer. False when full.
  bool push(Bytes cell, Instant stamp) {
    CUTTLE_CHECK(cell.size() == cell_bytes_, "cells have one size");
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) > mask_) return false;
    std::memcpy(memory_.get() + (head & mask_) * cell_bytes_, cell.data(), cell_bytes_);
    stamps_[head & mask_] = stamp;
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Consumer: the oldest cell, valid until pop(); nullopt when there is none.
  std::optional<Entry> front() const {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    return Entry{{memory_.get() + (tail & mask_) * cell_bytes_, cell_bytes_}, stamps_[tail & mask_]};
  }
  void pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  size_t cell_bytes_;
  size_t mask_;
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<Instant[]> stamps_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace cuttle
