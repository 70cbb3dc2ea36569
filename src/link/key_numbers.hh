// The numbers that a node calls itself by inside the cells, where it relays or follows a ladder: the first
// bytes of its public key. A peer may use those of the keys that it has, may have soon, or had since its link
// began, because what it said is still on its way when it changes keys. With any other it would speak as
// somebody else, or be as many as it likes.
//
// One thread at a time writes, any may read.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "crypto/keys.hh"

namespace cuttle {

class KeyNumbers {
 public:
  static constexpr size_t kKept = 8;

  KeyNumbers() = default;
  explicit KeyNumbers(const PublicKey& key, const std::optional<PublicKey>& next = {}) {
    handle_keys(key, next);
  }

  static uint64_t of(const PublicKey& key) { return key.number(); }

  // These are the keys from now on. Those of before are kept, the oldest give way.
  void handle_keys(const PublicKey& key, const std::optional<PublicKey>& next = {}) {
    const std::array<uint64_t, 2> present{of(key), of(next.value_or(key))};
    const auto is_present = [&](uint64_t number) {
      return number != 0 && (number == present[0] || number == present[1]);
    };
    for (const uint64_t number : present) {
      if (number == 0 || contains(number)) continue;
      while (is_present(kept_[oldest_].load(std::memory_order_relaxed))) oldest_ = (oldest_ + 1) % kKept;
      kept_[oldest_].store(number, std::memory_order_relaxed);
      oldest_ = (oldest_ + 1) % kKept;
    }
    current_.store(present[0], std::memory_order_relaxed);
    next_.store(present[1], std::memory_order_relaxed);
  }
  // Of the key that it has.
  uint64_t current() const { return current_.load(std::memory_order_relaxed); }
  // Of that, or of the one that it may have soon.
  bool is_present(uint64_t number) const {
    return number != 0 && (number == current() || number == next_.load(std::memory_order_relaxed));
  }
  // Or of one before. 0 is nobody's.
  bool contains(uint64_t number) const {
    return number != 0 && std::ranges::any_of(kept_, [&](const auto& kept) {
             return kept.load(std::memory_order_relaxed) == number;
           });
  }

 private:
  std::array<std::atomic<uint64_t>, kKept> kept_{};
  std::atomic<uint64_t> current_{0};
  std::atomic<uint64_t> next_{0};
  size_t oldest_ = 0;
};

}  // namespace cuttle
