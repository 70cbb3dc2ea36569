// What a trial shows: that the link works, and what an observer of the cable sees of it.
#pragma once

#include <string>

#include "base/result.hh"
#include "try/cable.hh"
#include "try/stage.hh"

namespace cuttle::trial {

// Pings from a to b.
struct Pings {
  int sent = 0;
  int answered = 0;
  Duration mean{};
};
Result<Pings> ping_through(const Place& place, int count);

// Cells a second, from each side, over some time.
struct CellRates {
  double from_a = 0;
  double from_b = 0;
};
CellRates measure(const Cable& cable, Duration time);
// The same while a sends datagrams to b, about as many as the link takes.
Result<CellRates> measure_under_load(const Place& place, const Cable& cable, Duration time);

// "412,345 cells of 1472 bytes, 2 ARP, nothing else"
std::string describe(const CableCounts& counts);

// What to do inside, one command a line, after two spaces.
std::string suggestions(const Place& place);

}  // namespace cuttle::trial
