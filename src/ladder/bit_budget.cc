#include "ladder/bit_budget.hh"

#include <algorithm>
#include <cmath>

namespace cuttle::ladder {

namespace {

double log2_choose(uint32_t n, uint32_t k) {
  return (std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0)) / std::log(2.0);
}

// One change more than those of `bits`: so many it is then.
double with_change(const DayShape& day, uint32_t changes, double bits) {
  const double term = log2_choose(day.epochs, changes) + changes * std::log2(day.rates - 1.0);
  const double larger = std::max(bits, term);
  return larger + std::log2(std::exp2(bits - larger) + std::exp2(term - larger));
}

}  // namespace

double bits_of(const DayShape& day, uint32_t changes) {
  if (day.rates < 2) return 0;
  double bits = 0;  // of the schedule without a change
  for (uint32_t i = 1; i <= std::min(changes, day.epochs); ++i) bits = with_change(day, i, bits);
  return bits;
}

uint32_t max_changes(const DayShape& day, double budget_bits) {
  if (day.rates < 2) return day.epochs;
  uint32_t changes = 0;
  for (double bits = 0; changes < day.epochs; ++changes) {
    bits = with_change(day, changes + 1, bits);
    if (bits > budget_bits) break;
  }
  return changes;
}

}  // namespace cuttle::ladder
