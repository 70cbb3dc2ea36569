#include "ladder/bit_budget.hh"

#include <algorithm>
#include <cmath>

namespace cuttle::ladder {

namespace {

double log2_choose(uint32_t n, uint32_t k) {
  return (std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0)) / std::log(2.0);
}

}  // namespace

double bits_of(const DayShape& day, uint32_t changes) {
  if (day.rates < 2) return 0;
  const double each = std::log2(day.rates - 1.0);
  double bits = 0;  // of the schedule without a change
  for (uint32_t i = 1; i <= std::min(changes, day.epochs); ++i) {
    const double term = log2_choose(day.epochs, i) + i * each;
    const double larger = std::max(bits, term);
    bits = larger + std::log2(std::exp2(bits - larger) + std::exp2(term - larger));
  }
  return bits;
}

uint32_t max_changes(const DayShape& day, double budget_bits) {
  uint32_t changes = 0;
  while (changes < day.epochs && bits_of(day, changes + 1) <= budget_bits) ++changes;
  return changes;
}

}  // namespace cuttle::ladder
