// Anti-replay (RFC 4303, section 3.4.3; the ring of words after RFC 6479): which sequence numbers were
// accepted. A number is new when it is ahead of the window, or inside it and not yet marked. Marking happens
// only after the cell was authenticated.
#pragma once

#include <array>
#include <cstdint>

#include "base/ids.hh"

namespace cuttle {

enum class ReplayVerdict { fresh, duplicate, too_old };

class ReplayWindow {
 public:
  // Numbers more than this far behind the highest are too old.
  static constexpr uint32_t kWindow = 8192;

  ReplayVerdict check(Sequence sequence) const {
    const uint32_t n = sequence.value;
    if (n == 0) return ReplayVerdict::too_old;  // the first cell has number 1
    if (n > highest_) return ReplayVerdict::fresh;
    if (highest_ - n >= kWindow) return ReplayVerdict::too_old;
    return (words_[word(n)] >> (n % 64) & 1) != 0 ? ReplayVerdict::duplicate : ReplayVerdict::fresh;
  }

  // Precondition: check(sequence) == fresh, and the cell is authentic.
  void accept(Sequence sequence) {
    const uint32_t n = sequence.value;
    if (n > highest_) {
      const uint32_t from = highest_ / 64;
      const uint32_t to = n / 64;
      const uint32_t steps = to - from < kWords ? to - from : kWords;
      for (uint32_t i = 1; i <= steps; ++i) words_[(from + i) % kWords] = 0;
      if (to - from >= kWords) words_[to % kWords] = 0;
      highest_ = n;
    }
    words_[word(n)] |= uint64_t{1} << (n % 64);
  }

  uint32_t highest() const { return highest_; }

 private:
  // One word more than the window: the word of the highest number is never shared with the window's tail.
  static constexpr uint32_t kWords = kWindow / 64 + 1;
  static uint32_t word(uint32_t n) { return n / 64 % kWords; }

  std::array<uint64_t, kWords> words_{};
  uint32_t highest_ = 0;
};

}  // namespace cuttle
