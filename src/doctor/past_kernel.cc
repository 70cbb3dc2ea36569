#include "doctor/past_kernel.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "doctor/first_line.hh"
#include "io/offloads.hh"

namespace cuttle::doctor {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  return entries;
}

// An RDMA device names the interfaces whose addresses it sends from, for each of its ports.
std::set<std::string> interfaces_of_rdma(const fs::path& device) {
  std::set<std::string> interfaces;
  for (const fs::path& port : entries_of(device / "ports")) {
    for (const fs::path& entry : entries_of(port / "gid_attrs" / "ndevs")) {
      if (const std::string name = first_line_of(entry); !name.empty()) interfaces.insert(name);
    }
  }
  return interfaces;
}

}  // namespace

Findings past_kernel_findings(const std::vector<std::string>& interfaces,
                              const std::vector<std::string>& offloading, const fs::path& system) {
  Findings findings;
  for (const fs::path& device : entries_of(system / "class/infiniband")) {
    std::vector<std::string> ours;
    for (const std::string& name : interfaces_of_rdma(device)) {
      if (std::ranges::count(interfaces, name) > 0) ours.push_back(name);
    }
    if (ours.empty()) continue;
    findings.push_back(
        {Mark::unsure,
         fmt::format("{} sends RDMA (RoCE, iWARP, SMC) by {}, in the card: what any program here sends to a "
                     "peer so meets neither guard nor lock",
                     device.filename().string(), fmt::join(ours, ", ")),
         "leave Ceph's ms_type at async+posix, and keep others from it: no access to "
         "/dev/infiniband/uverbs*, or unload the card's RDMA driver"});
  }
  for (const std::string& interface : offloading) {
    findings.push_back(
        {Mark::unsure,
         fmt::format("the card of {} may forward by itself what rules of tc or nftables' flowtables say "
                     "(hw-tc-offload): such flows meet neither guard nor lock",
                     interface),
         fmt::format("where nothing needs it: ethtool -K {} hw-tc-offload off", interface)});
  }
  for (const fs::path& target : entries_of(system / "kernel/config/netconsole")) {
    const std::string device = first_line_of(target / "dev_name");
    if (first_line_of(target / "enabled") != "1" || std::ranges::count(interfaces, device) == 0) continue;
    findings.push_back(
        {Mark::unsure,
         fmt::format("netconsole sends the kernel's messages by {}, past guard and lock: to a peer, they go "
                     "in the clear",
                     device),
         "send them to a host that is no peer"});
  }
  return findings;
}

Findings examine_past_kernel(const std::vector<std::string>& interfaces) {
  std::set<std::string> all(interfaces.begin(), interfaces.end());
  std::vector<std::string> offloading;
  for (const std::string& interface : interfaces) {
    for (const std::string& card : cards_of(interface)) {
      all.insert(card);
      if (forwards_by_itself(card)) offloading.push_back(card);
    }
  }
  return past_kernel_findings({all.begin(), all.end()}, offloading, "/sys");
}

}  // namespace cuttle::doctor
