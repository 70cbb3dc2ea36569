// Where a schedule's draws come from. Natively a ChaCha20 key stream under a key from the system: who has
// seen any number of releases can say nothing about the next. In simulations the simple generator of
// base/random.hh, from a seed. The work is the same for every draw, and none allocates.
#pragma once

#include <cstdint>
#include <variant>

#include "base/random.hh"
#include "crypto/chacha20_stream.hh"

namespace cuttle {

using DrawKey = Secret<32>;

class Draws {
 public:
  Draws(uint64_t seed) : source_(Random(seed)) {}  // NOLINT(google-explicit-constructor): simulations
  Draws(const DrawKey& key) : source_(ChaCha20Stream(key)) {}  // NOLINT(google-explicit-constructor)

  // Uniform in [0, bound); 0 when bound is 0.
  uint64_t below(uint64_t bound) {
    const uint64_t drawn = std::visit([](auto& source) { return source.next(); }, source_);
    return static_cast<uint64_t>((static_cast<unsigned __int128>(drawn) * bound) >> 64);
  }

 private:
  std::variant<Random, ChaCha20Stream> source_;
};

}  // namespace cuttle
