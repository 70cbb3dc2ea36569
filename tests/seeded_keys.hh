// Keys that a number decides, the same in every run.
#pragma once

#include "base/random.hh"
#include "link/association.hh"

namespace cuttle::testing {

inline PrivateKey key_of(uint64_t seed) {
  uint8_t bytes[kKeySize];
  seeded_entropy(seed)(bytes);
  return PrivateKey::from_random(bytes);
}

}  // namespace cuttle::testing
