// The eBPF programs of a clock device (clock_device.hh), and the counts that they share with whoever
// sends through it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "io/bpf_program.hh"

namespace cuttle {

// How often a pause ended so late: bucket i is i * 2^kLateUnitLog2 ns and more, the last one everything
// above.
inline constexpr size_t kLateBuckets = 1024;
inline constexpr uint32_t kLateUnitLog2 = 10;
// Behind them: how many pauses said when they were due, how many of these came early by more than
// QueueWatch::kEarly, and how late the last one came, in ns.
inline constexpr size_t kPassedPlace = kLateBuckets;
inline constexpr size_t kEarlyPlace = kLateBuckets + 1;
inline constexpr size_t kLastLatePlace = kLateBuckets + 2;
inline constexpr size_t kLateMapCounts = kLateBuckets + 3;

struct ClockProgram {
  uint32_t firewall_mark = 0;
  std::span<const uint32_t> cell_bytes;
  std::span<const uint8_t> hardware_address;  // of the clock device: what its frames come from
  int late_map = -1;
  // Of the clock that stamps pauses, ahead of the kernel's own: monotonic_offset() (clock.hh).
  Duration clock_offset{};
};

// For the underlay's egress: frames of the clock device with our mark are redirected to the device's own
// neighbours where they are cells, and counted and dropped where they are pauses. All else goes on. Cells
// lose the priority that says that they should come this way (queue_priority.hh).
std::vector<bpf_insn> assemble_underlay_program(const ClockProgram& program);
// For the clock device's own egress, ahead of its queue: drops whatever lacks our mark or comes from another
// user's socket. (Since Linux 5.17 a mark takes no more than CAP_NET_RAW, which containers often have.)
std::vector<bpf_insn> assemble_entry_program(uint32_t firewall_mark, uint32_t user);

// For what the clock device would receive: drops all. It sends only, and a router's advertisement from the
// underlay would give it routes and an address.
std::vector<bpf_insn> assemble_deaf_program();

// A map of one value, kLateMapCounts numbers of 64 bits. Whoever has its descriptor can read it
// (clock_view.hh), but not write.
Result<FileDescriptor> create_late_map();

}  // namespace cuttle
