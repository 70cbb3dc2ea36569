// A seeded generator (xoshiro256**, Blackman and Vigna 2018): for schedules and simulations, so that a seed
// reproduces a run. Never for keys: those come from io/entropy.
#pragma once

#include <bit>
#include <cstdint>

#include "base/bytes.hh"

namespace cuttle {

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (auto& word : state_) {  // splitmix64, as its authors advise for seeding
      seed += 0x9e3779b97f4a7c15;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound); 0 when bound is 0. The work is the same for every draw.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }

 private:
  uint64_t state_[4];
};

// The double of io/entropy: fills what it is given with bytes that a seed decides. For tests and simulations
// only.
inline auto seeded_entropy(uint64_t seed) {
  return [random = Random(seed)](MutableBytes out) mutable {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(random.next());
  };
}

}  // namespace cuttle
