// How much a schedule of rates can tell. Rates change at the beginnings of epochs only, and in a day at most
// `changes` times. So there are at most
//
//   sum over i = 0 .. changes of C(epochs, i) * (rates - 1)^i
//
// schedules that a day can have, whatever the load and whatever an attacker does, and who sees which one it
// was learns at most the logarithm of that (Askarov, Zhang, Myers, "Predictive black-box mitigation of timing
// channels", CCS 2010). Days follow each other, so bits add up; the step that a day begins with is known.
//
// Pure, and exact enough: doubles, by way of logarithms.
#pragma once

#include <cstdint>

namespace cuttle::ladder {

struct DayShape {
  uint32_t epochs = 0;  // of a day
  uint32_t rates = 1;   // of the ladder
};

// Bits that a day with at most so many changes can tell.
double bits_of(const DayShape& day, uint32_t changes);
// The most changes a day that tell no more than that.
uint32_t max_changes(const DayShape& day, double budget_bits);

}  // namespace cuttle::ladder
