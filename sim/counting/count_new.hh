// Counts what the process allocates, by replacing operator new in the programs that link count_new.cc.
#pragma once

#include <cstdint>

namespace cuttle::sim {

// Allocations since the process began, of all threads.
uint64_t allocations();

}  // namespace cuttle::sim
