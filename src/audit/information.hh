// What an attacker's guesses tell, in bits a window: one bit less the log loss of its held-out guesses.
#pragma once

#include <span>

#include "audit/pair.hh"
#include "audit/score.hh"

namespace cuttle::audit {

struct Information {
  double bits_a_window = 0;  // 0 where the guesses are worse than none
  Interval bits_95;          // from drawing whole blocks with replacement
};

// The guesses of each fold are calibrated on those of the other folds (Platt's two parameters), so that an
// attacker that is too sure of itself loses nothing but what it did not know. Classes count as equally
// likely.
Information information_of(const Pair& pair, const Folds& folds, std::span<const double> guesses,
                           uint64_t seed);

}  // namespace cuttle::audit
