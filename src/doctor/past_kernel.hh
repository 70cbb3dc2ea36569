// What sends past netfilter and the queues, where guard and lock are: the card by itself, and the kernel's
// own debugging.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "doctor/finding.hh"

namespace cuttle::doctor {

// `interfaces`: those that lead to peers; `offloading`: of these, whose cards carry out rules of tc by
// themselves. `system`: where sysfs is.
Findings past_kernel_findings(const std::vector<std::string>& interfaces,
                              const std::vector<std::string>& offloading,
                              const std::filesystem::path& system);

Findings examine_past_kernel(const std::vector<std::string>& interfaces);

}  // namespace cuttle::doctor
