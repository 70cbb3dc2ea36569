// How well a guesser did, and how sure that figure is.
#pragma once

#include <span>

#include "audit/pair.hh"

namespace cuttle::audit {

struct Interval {
  double low = 0;
  double high = 0;
};

struct Score {
  double accuracy = 0.5;  // balanced: the mean of both classes' shares of right guesses
  Interval accuracy_95;
  double auc = 0.5;
  Interval auc_95;
  double hit = 0;                  // share of class-1 windows called class 1
  double false_alarm = 0;          // share of class-0 windows called class 1
  double bits_a_window = 0;        // what one guess tells, from hit and false alarm
  double bits_a_window_upper = 0;  // upper end of its 95 % interval
};

// `guesses`: for each of the pair's rows the chance of class 1. Intervals come from drawing whole blocks with
// replacement, as windows of one block are not independent, and are never narrower than independent windows'
// would be.
Score score_guesses(const Pair& pair, std::span<const double> guesses, uint64_t seed);

// Balanced accuracy alone.
double balanced_accuracy(const Pair& pair, std::span<const double> guesses);

}  // namespace cuttle::audit
