// Welch's t-test of every feature with blocks of time as units, of first and second order: whether the
// classes' blocks differ in a feature's mean, and in how much it varies inside a block. It finds what adds up
// over minutes and no single window shows. Corrected for the number of features by Holm's method.
#pragma once

#include <string>
#include <vector>

#include "audit/feature_table.hh"
#include "audit/pair.hh"
#include "audit/residual_table.hh"

namespace cuttle::audit {

struct WelchTest {
  std::string name;
  int order = 1;            // 1: means, 2: variances inside a block
  double mean[2] = {0, 0};  // of the classes' blocks
  double t = 0;
  double p = 1;            // of this test alone
  double p_corrected = 1;  // that any of all tests is as extreme by chance
};

struct WelchTests {
  size_t tests = 0;            // that were made: features that vary
  std::vector<WelchTest> top;  // the most extreme, at most kShown
  static constexpr size_t kShown = 8;
};

// A feature that has one value a block; NaN: not known.
struct BlockFeature {
  std::string name;
  int order = 1;
  std::vector<double> of_block;
};

// Means and variances over each block's windows.
void add_block_features(const Matrix& data, const std::vector<std::string>& names, const Pair& pair,
                        std::vector<BlockFeature>& features);
// What is counted over whole blocks: trains and cells a second, and the pace of the grid, of every source.
void add_block_rates(const std::vector<ReleaseSource>& sources, const WindowPlan& plan, const Pair& pair,
                     std::vector<BlockFeature>& features);

// With fewer than four blocks of either class there are none. No p is below one in the number of ways in
// which the blocks could have been dealt, whatever the values.
WelchTests welch_tests(const std::vector<BlockFeature>& features, const Pair& pair);

// Two-sided p of Student's t.
double student_p(double t, double degrees_of_freedom);

// Trains and cells a second over all links, in each class: what anybody can count.
struct Rates {
  double trains_a_second[2] = {0, 0};
  double cells_a_second[2] = {0, 0};

  // Difference of the classes as a share of the first.
  double trains_apart() const { return apart(trains_a_second); }
  double cells_apart() const { return apart(cells_a_second); }

 private:
  static double apart(const double (&of)[2]) { return of[0] > 0 ? (of[1] - of[0]) / of[0] : 0; }
};
Rates rates_of(const std::vector<ReleaseSource>& sources, const WindowPlan& plan, const Pair& pair);

}  // namespace cuttle::audit
