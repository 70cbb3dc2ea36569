// Many seeds in a test. CUTTLE_SIM_SHARE in the environment makes them fewer or more (0.1: a tenth);
// sanitizers make each so slow that a tenth is what they get by default.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sim/counting/count_new.hh"
#include "sim/trial.hh"

namespace cuttle::sim {

inline double share_of_seeds() {
  if (const char* share = std::getenv("CUTTLE_SIM_SHARE")) return std::atof(share);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0.1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return 0.1;
#endif
#endif
  return 1;
}

// At least one.
inline uint64_t seeds(uint64_t usual) {
  return std::max<uint64_t>(1, static_cast<uint64_t>(static_cast<double>(usual) * share_of_seeds()));
}

inline void expect_all_good(Family family, uint64_t first, uint64_t count) {
  announce_aborts();
  int failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < 3; ++seed) {
    const std::string trouble = try_seed(family, seed, {Mutant::none, allocations});
    if (trouble.empty()) continue;
    ++failed;
    ADD_FAILURE() << "family " << family_name(family) << " seed " << seed << "\n" << trouble;
  }
}

}  // namespace cuttle::sim
