// A queue that keeps time, set up: what whoever hands trains over to it has to know. That takes no privilege;
// to set one up does (clock_devices.hh).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "engine/instant_rules.hh"
#include "link/draws.hh"
#include "link/queue_clock.hh"

namespace cuttle {

struct QueueDoor {
  uint32_t shard = 0;
  std::string underlay;              // the interface that its trains leave by
  std::vector<uint32_t> cell_bytes;  // the sizes of cell that go through it, ascending; not empty
  DrawKey draw_key;                  // what its table of pauses was drawn from
  uint32_t index = 0;                // of its device; 0: none, the interface's own queue reads instants
  InstantRules instants = {};        // and these are its rules
  FileDescriptor late_map;           // for a ClockView; none without a device
};

struct QueueDoors {
  std::vector<QueueDoor> queues;
  std::string why_not;  // why there is none for some link; empty when there is one for each
};

// The table of pauses of such a queue, the same wherever it is drawn; nullopt where cells are too small.
std::optional<PauseTable> draw_pauses(const DrawKey& key, std::span<const uint32_t> cell_bytes);

// What became of a queue meanwhile.
struct QueueLook {
  std::string trouble;   // what was missing; empty when nothing was
  std::string underlay;  // the interface that its trains leave by now
  uint32_t index = 0;    // of its device
  uint64_t dropped = 0;  // packets, by a queue that reads instants, since the start; anybody's
  // Of a device that was set up again because of that; none with trouble: it is gone, or of no use.
  FileDescriptor late_map;
};

}  // namespace cuttle
