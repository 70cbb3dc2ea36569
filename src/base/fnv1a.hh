// FNV-1a of 64 bits (Fowler, Noll, Vo): a hash for telling things apart that nobody forges.
#pragma once

#include <cstdint>

namespace cuttle {

class Fnv1a {
 public:
  constexpr void add(uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }
  // Its bytes, the lowest first.
  constexpr void add_number(uint64_t number) {
    for (int i = 0; i < 8; ++i) add(static_cast<uint8_t>(number >> (8 * i)));
  }
  constexpr uint64_t value() const { return hash_; }
  // Folded to 16 bits, and never 0.
  constexpr uint16_t fingerprint() const { return static_cast<uint16_t>(hash_ % 65535 + 1); }

 private:
  uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace cuttle
