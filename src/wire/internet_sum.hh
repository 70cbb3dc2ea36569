// The Internet checksum's one's complement sum (RFC 1071), over bytes that may come in pieces.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.hh"

namespace cuttle::wire {

class InternetSum {
 public:
  // What follows the bytes so far.
  void add(Bytes piece) {
    if (piece.empty()) return;
    uint64_t sum = 0;
    const uint8_t* at = piece.data();
    size_t left = piece.size();
    // The sum does not depend on the order of bytes in a word, so words of the machine's own will do
    // (section 2 (B)); 32 bits each, so that 64 hold the carries of any packet.
    for (; left >= 4; at += 4, left -= 4) {
      uint32_t word = 0;
      std::memcpy(&word, at, 4);
      sum += word;
    }
    uint32_t rest = 0;
    std::memcpy(&rest, at, left);
    uint16_t folded = fold(sum + rest);
    if constexpr (std::endian::native == std::endian::little) folded = swap(folded);
    // After an odd number of bytes every one of these stands in the other half of its word.
    add_word(odd_ ? swap(folded) : folded);
    odd_ ^= piece.size() % 2 != 0;
  }
  // A word of network order; after an even number of bytes only.
  void add_word(uint32_t word) { sum_ += word; }

  // Not complemented: 0 only when all that was added is 0; 0xffff over what carries its own checksum.
  uint16_t folded() const { return fold(sum_); }

 private:
  static uint16_t fold(uint64_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(sum);
  }
  static uint16_t swap(uint16_t word) { return static_cast<uint16_t>(word << 8 | word >> 8); }

  uint64_t sum_ = 0;
  bool odd_ = false;
};

inline uint16_t internet_sum(Bytes bytes) {
  InternetSum sum;
  sum.add(bytes);
  return sum.folded();
}

}  // namespace cuttle::wire
