// Where a schedule's draws come from. Natively a ChaCha20 key stream under a key from the system: who has
// seen any number of releases can say nothing about the next. In simulations the simple generator of
// base/random.hh, from a seed. The work is the same for every draw, and none allocates.
#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.hh"
#include "base/random.hh"
#include "crypto/chacha20_stream.hh"

namespace cuttle {

using DrawKey = Secret<32>;

class Draws {
 public:
  Draws(uint64_t seed)
      : source_(Random(seed)), seed_(seed) {}  // NOLINT(google-explicit-constructor): simulations
  Draws(const DrawKey& key) : source_(ChaCha20Stream(key)) {}  // NOLINT(google-explicit-constructor)

  // Another generator, seeded or keyed by this one.
  Draws fork() {
    auto* stream = std::get_if<ChaCha20Stream>(&source_);
    if (stream == nullptr) return std::get<Random>(source_).next();
    DrawKey key;
    for (size_t i = 0; i < DrawKey::kSize; i += sizeof(uint64_t)) store_be64(key.data() + i, stream->next());
    return key;
  }
  // On to the beginning of a stream of that number; the one it begins with has none.
  void handle_stream(uint64_t number) {
    if (auto* stream = std::get_if<ChaCha20Stream>(&source_)) {
      stream->handle_stream(number);
    } else {
      source_ = Random(Random(seed_).next() + number);
    }
  }

  // Uniform in [0, bound); 0 when bound is 0.
  uint64_t below(uint64_t bound) {
    const uint64_t drawn = std::visit([](auto& source) { return source.next(); }, source_);
    return static_cast<uint64_t>((static_cast<unsigned __int128>(drawn) * bound) >> 64);
  }

 private:
  std::variant<Random, ChaCha20Stream> source_;
  uint64_t seed_ = 0;  // of a simulation
};

}  // namespace cuttle
