// Small statistics over samples. Empty input gives 0 unless said otherwise.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cuttle::audit {

double mean_of(std::span<const double> values);
double deviation_of(std::span<const double> values);  // of the population
// Linear between neighbours; `sorted` ascending.
double quantile_of_sorted(std::span<const double> sorted, double q);
double median_of(std::vector<double> values);
// Mean of |v[i+1] - v[i]|.
double mean_step_of(std::span<const double> values);
double autocorrelation_of(std::span<const double> values, size_t lag);
// Bits, of a histogram in bins of an eighth of an octave: how spread the values are over orders of magnitude.
double log_entropy_of(std::span<const double> values);
// Pearson's; 0 when either side does not vary.
double correlation_of(std::span<const double> a, std::span<const double> b);

// Area under the ROC curve: the chance that a value of class 1 is above one of class 0, ties half. 0.5 when a
// class is missing. `labels` holds 0 and 1.
double auc_of(std::span<const double> scores, std::span<const int> labels);

// Ranks from 1, ties share their mean rank; NaN ranks lowest.
std::vector<double> ranks_of(std::span<const double> values);

// Bits an observer learns from one guess, classes equally likely, when it says 1 to a class-1 window with
// probability `hit` and to a class-0 window with probability `false_alarm`.
double information_bits(double hit, double false_alarm);

}  // namespace cuttle::audit
