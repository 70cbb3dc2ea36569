// The double of entropy.hh: bytes that look random and come from a seed. For tests and simulations only.
#pragma once

#include <cstdint>

#include "base/bytes.hh"
#include "base/random.hh"

namespace cuttle {

class SeededEntropy {
 public:
  explicit SeededEntropy(uint64_t seed) : random_(seed) {}
  void operator()(MutableBytes out) {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(random_.next() >> 56);
  }

 private:
  Random random_;
};

}  // namespace cuttle
