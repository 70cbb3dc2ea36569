// Entropy and keys that a number decides, the same in every run.
#pragma once

#include "base/random.hh"
#include "link/association.hh"

namespace cuttle::testing {

inline Entropy entropy_of(uint64_t seed) {
  return [random = Random(seed)](MutableBytes out) mutable {
    for (auto& byte : out) byte = static_cast<uint8_t>(random.next());
  };
}

inline PrivateKey key_of(uint64_t seed) {
  uint8_t bytes[kKeySize];
  entropy_of(seed)(bytes);
  return PrivateKey::from_random(bytes);
}

}  // namespace cuttle::testing
