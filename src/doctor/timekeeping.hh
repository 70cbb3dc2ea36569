// What of this host makes a thread late that releases cells: the kernel's preemption, and what else runs on
// its CPUs. A queue that keeps time rides out most of it (docs/timing.md).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"
#include "doctor/finding.hh"

namespace cuttle::doctor {

using Cpus = std::set<uint32_t>;

// Of an interface by which cells leave or come: the CPUs that work for what it receives.
struct ReceivingCpus {
  std::string interface;
  Cpus interrupts;  // that its card's interrupts go to
  Cpus steering;    // that packets are handed on to (RPS)
};

struct Timekeeping {
  std::string preemption;  // as debugfs shows it: "none (voluntary) full"; empty where it cannot be read
  std::string version;     // `uname -v`
  Cpus isolated;           // from the scheduler's balancing
  std::vector<ReceivingCpus> receiving;
};

// As the kernel writes lists of CPUs ("0-3,8") and masks ("ff,00000001"). What is neither is empty.
Cpus parse_cpu_list(std::string_view list);
Cpus parse_cpu_mask(std::string_view mask);

// Reads /sys, /proc and debugfs.
Timekeeping read_timekeeping(const std::vector<std::string>& interfaces);
// `cpus`: of the pacers, as configured; none: they run anywhere.
Findings examine_timekeeping(const Timekeeping& host, const Cpus& cpus);

}  // namespace cuttle::doctor
