// What the sources of a load have in common. Private to this folder.
#pragma once

#include "base/random.hh"
#include "plan/load.hh"

namespace cuttle::plan {

inline constexpr uint64_t kLoadSeed = 20;

double seconds_of(Duration duration);
Duration duration_of(double seconds_long);
// Bits a second.
uint64_t rate_of_bytes(uint64_t bytes, Duration over);
// Packets of the usual size from `begin` on at `rate_bps`, until `bytes` are used up.
void append_train(std::vector<Arrival>& arrivals, Instant begin, uint64_t bytes, uint64_t rate_bps);
// The load with the most bytes first.
void sort_by_bytes(std::vector<LinkLoad>& loads);
// "a, b, c, d and 3 more"
std::string few_of(const std::vector<std::string>& names);
// One sentence more about how the load came about.
void add_note(LinkLoad& load, const std::string& sentence);

}  // namespace cuttle::plan
