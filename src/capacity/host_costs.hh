// What a machine's CPUs can carry: the costs of what an agent does for a link all the time, measured or
// supposed, and what links of given shapes take of them.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hh"
#include "link/slot_plan.hh"

namespace cuttle::capacity {

// The time of a CPU. What is set here is what a virtual machine of 2026 takes (docs/benchmarks.md).
struct HostCosts {
  Duration wake_up = microseconds(4);  // a thread sleeps until an instant and is woken
  Duration train = microseconds(6);    // sent and received, whatever its length
  Duration cell = nanoseconds(700);    // each cell of it more
  Duration seal_and_open = nanoseconds(400);
  Duration late{};  // how late a thread is woken: the median, and one time in a hundred
  Duration late_p99{};
  uint32_t cpus = 1;  // that this process may use

  bool operator==(const HostCosts&) const = default;
};

// Cores that one lane of that plan keeps busy with cover alone, sending and receiving: two wake-ups for each
// train, its calls, and the work for its cells.
double cores_of_lane(const HostCosts& costs, const SlotPlan& plan);

// Data costs more than cover: reading packets, and writing them. About as much again as sending and receiving
// the cells they fill.
double cores_of_full_lane(const HostCosts& costs, const SlotPlan& plan);

// More than this share of the CPUs for cover alone leaves too little for the data, and for Ceph.
inline constexpr double kMaxForCover = 0.5;

// "a wake-up takes 4 us, ...": one line.
std::string to_string(const HostCosts& costs);

}  // namespace cuttle::capacity
