// FNV-1a of 64 bits (Fowler, Noll, Vo): a hash for telling things apart that nobody forges.
#pragma once

#include <cstdint>

namespace cuttle {

class Fnv1a {
 public:
  constexpr void add(uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }
  constexpr uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace cuttle
