// Made-up captures of two nodes that send a train of cells in every slot, idle and busy in random blocks:
// clean, or with one leak planted. The audit is tested on them, and so is any change of its thresholds.
#pragma once

#include <string>
#include <vector>

#include "audit/schedule.hh"
#include "audit/survey.hh"
#include "capture/spans.hh"

namespace cuttle::audit {

enum class Leak {
  none,
  odd_size,        // one cell in 10,000 has another size
  skipped_slot,    // under load a slot is left out now and then
  delay,           // under load every release is 20 us late, in 30 us of noise
  burst,           // under load a pause now and then, and what was due is sent at its end
  foreign_packet,  // one packet a minute that is not a cell
  deficit,         // under load one slot in a thousand is missing, without a gap: all come a little later
  drift,           // under load the mean gap is longer by 20 ppm, which only adds up over minutes
  behind_draws,    // gaps drawn, but as long as the train before; under load releases are 20 us later
};
inline constexpr Leak kPlantedLeaks[] = {Leak::odd_size, Leak::skipped_slot,   Leak::delay,
                                         Leak::burst,    Leak::foreign_packet, Leak::deficit,
                                         Leak::drift,    Leak::behind_draws};
std::string leak_name(Leak leak);

struct SyntheticOptions {
  Leak leak = Leak::none;
  uint64_t seed = 1;
  Duration slot = milliseconds(2);
  uint32_t cells = 4;
  // Trains of 9 to 25 cells, drawn, and gaps that go exactly with the length of the train before: what a
  // queue of a fixed rate makes of them. Leak::behind_draws has them too.
  bool drawn_lengths = false;
  // Each release drawn evenly inside its slot, and a little late.
  bool drawn_instants = false;
  Duration block = seconds(8);
  uint32_t blocks_a_class = 15;
  double noise_ns =
      30'000;  // deviation of a release; two thirds of its variance are the host's and hit both nodes
};

struct SyntheticTrace {
  std::vector<CaptureInput> inputs;  // each node's egress
  std::vector<capture::Span> spans;  // idle and busy
  capture::NodeList nodes;
};

// What the senders had drawn, as the releases of each node's link would be without noise and lateness.
std::vector<ScheduledLink> synthetic_schedule(const SyntheticOptions& options);

// The packets are made while they are read; nothing is stored. Reading again gives the same.
SyntheticTrace synthetic_trace(const SyntheticOptions& options);

}  // namespace cuttle::audit
