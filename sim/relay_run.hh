// A mesh of nodes that relay for each other, packet by packet: what of a traffic matrix comes out. The nodes
// are the engine's; each pair of hosts sends at a rate of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hh"
#include "sim/cover/relay_mesh.hh"
#include "sim/wire_trace.hh"

namespace cuttle::sim {

struct RelayRunOptions {
  Matrix matrix{2};            // in parts of r
  uint64_t rate_bps = 0;       // r: of inner packets
  uint64_t link_rate_bps = 0;  // of each link, of IP packets
  bool relays = true;
  uint64_t seed = 1;
  Duration warm_up = seconds(1);
  Duration measured = seconds(1);
  // Dies then, counted from the warm-up's end.
  std::optional<NodeNumber> killed{};
  Duration kill_after{};
};

struct RelayRunResult {
  double carried = 0;        // of what was sent while it was measured, 0 to 1
  double worst_pair = 1;     // the same of the pair that lost most, of those that send a hundredth of r
  double relayed_share = 0;  // packets that went over a relay, of all that came
  double disordered = 0;     // packets that came after later ones, of all that came
  // From a host's hand to the other's, of all that came.
  Duration wait_p50{};
  Duration wait_p99{};
  std::vector<double> carried_by_100_ms{};  // from the warm-up's end, between nodes that live
};

// A drawn matrix; of every fourth seed the hardest, in which each node sends all it may to one other, else a
// sum of up to twenty such. `part`: of r, that a link carries of inner packets; its cells are larger.
RelayRunOptions draw_relay_run(uint64_t seed, size_t nodes, double part);
inline constexpr uint64_t kHardest = 4;  // a seed of one

RelayRunResult run_relays(const RelayRunOptions& options);

}  // namespace cuttle::sim
