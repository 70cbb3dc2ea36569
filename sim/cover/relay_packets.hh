// The mesh of relay_mesh.hh again, packet by packet through the engine (sim/relay_run.hh): what links of some
// rate carry, what relays add to a packet's way, and what a dead node costs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cuttle::sim {

struct RelayPacketsOptions {
  size_t nodes = 20;
  double part = 0.25;  // of r, that a link carries of inner packets
  uint64_t matrices = 10;
};

// Prints it; how much of it is not as it should be.
int relay_packets(const RelayPacketsOptions& options);

}  // namespace cuttle::sim
