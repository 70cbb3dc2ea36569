// A bounded ring between exactly one producing and one consuming thread. Fixed capacity, no locks, no
// allocation after construction. push fails when full, pop when empty; neither waits.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace cuttle {

template <typename T>
class Ring {
 public:
  // Holds at least `capacity` elements; the capacity is rounded up to a power of two.
  explicit Ring(size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), cells_(std::make_unique<T[]>(mask_ + 1)) {}

  // Producer only. False when full; `value` is then untouched.
  bool push(T&& value) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) > mask_) return false;
    cells_[head & mask_] = std::move(value);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  bool push(const T& value) {
    T copy = value;
    return push(std::move(copy));
  }

  // Consumer only.
  std::optional<T> pop() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> value(std::move(cells_[tail & mask_]));
    tail_.store(tail + 1, std::memory_order_release);
    return value;
  }

  // Either side; exact only for the side that asks about its own end.
  bool empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }
  size_t capacity() const { return mask_ + 1; }

 private:
  size_t mask_;
  std::unique_ptr<T[]> cells_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace cuttle
