#include "doctor/timekeeping.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "doctor/first_line.hh"
#include "io/offloads.hh"

namespace cuttle::doctor {

namespace {

namespace fs = std::filesystem;

constexpr uint32_t kHighestCpu = 8191;

std::optional<uint32_t> number(std::string_view text, int base) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

template <typename Each>
void split(std::string_view text, Each each) {
  while (!text.empty()) {
    const size_t end = text.find(',');
    each(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void add_all(Cpus& cpus, const Cpus& more) {
  cpus.insert(more.begin(), more.end());
}

Cpus common(const Cpus& a, const Cpus& b) {
  Cpus both;
  std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
  return both;
}

// Interrupts by their numbers, of a card that has several (MSI).
Cpus interrupt_cpus(const std::string& card) {
  Cpus cpus;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/class/net/" + card + "/device/msi_irqs", error)) {
    const std::string irq = "/proc/irq/" + entry.path().filename().string();
    add_all(cpus, parse_cpu_list(first_line_of(irq + "/effective_affinity_list")));
  }
  return cpus;
}

Cpus steering_cpus(const std::string& interface) {
  Cpus cpus;
  std::error_code error;
  for (const auto& queue : fs::directory_iterator("/sys/class/net/" + interface + "/queues", error)) {
    add_all(cpus, parse_cpu_mask(first_line_of(queue.path() / "rps_cpus")));
  }
  return cpus;
}

// The word in brackets; what `uname -v` says of kernels that cannot change it.
std::string preemption_of(const Timekeeping& host) {
  const size_t open = host.preemption.find('(');
  const size_t close = host.preemption.find(')');
  if (open != std::string::npos && close != std::string::npos && open < close)
    return host.preemption.substr(open + 1, close - open - 1);
  if (host.version.find("PREEMPT_RT") != std::string::npos) return "full";
  if (host.version.find("PREEMPT_DYNAMIC") != std::string::npos) return "";
  return host.version.find("PREEMPT") != std::string::npos ? "full" : "none";
}

Finding preemption_finding(const Timekeeping& host) {
  const std::string preemption = preemption_of(host);
  if (preemption.empty()) {
    return {Mark::unsure, "whether the kernel preempts its own work cannot be seen here",
            "as root, with debugfs: cat /sys/kernel/debug/sched/preempt; boot with preempt=full"};
  }
  if (preemption == "full" || preemption == "lazy")
    return {Mark::good, fmt::format("the kernel preempts its own work ({})", preemption), ""};
  return {
      Mark::unsure,
      fmt::format("the kernel's preemption is {}: who wakes up to release cells waits for whatever system "
                  "call runs on that CPU",
                  preemption),
      "boot with preempt=full"};
}

void examine_cpus(const Timekeeping& host, const Cpus& cpus, Findings& findings) {
  Cpus shared;
  std::ranges::set_difference(cpus, host.isolated, std::inserter(shared, shared.end()));
  if (shared.empty()) {
    findings.push_back({Mark::good, fmt::format("CPU {} is the pacers' alone", fmt::join(cpus, ", ")), ""});
  } else {
    findings.push_back({Mark::unsure,
                        fmt::format("CPU {} of the pacers is not isolated: the kernel puts other work on it",
                                    fmt::join(shared, ", ")),
                        fmt::format("boot with isolcpus={0} nohz_full={0} rcu_nocbs={0}, or an isolated "
                                    "partition of cgroup cpusets",
                                    fmt::join(cpus, ","))});
  }
  for (const ReceivingCpus& receiving : host.receiving) {
    if (const Cpus both = common(cpus, receiving.interrupts); !both.empty()) {
      findings.push_back({Mark::unsure,
                          fmt::format("interrupts of {} go to CPU {}, where pacers release cells",
                                      receiving.interface, fmt::join(both, ", ")),
                          "IRQBALANCE_BANNED_CPULIST, or /proc/irq/*/smp_affinity_list"});
    }
    if (const Cpus both = common(cpus, receiving.steering); !both.empty()) {
      findings.push_back(
          {Mark::unsure,
           fmt::format("packets from {} are handed to CPU {} (RPS), where pacers release cells",
                       receiving.interface, fmt::join(both, ", ")),
           fmt::format("/sys/class/net/{}/queues/rx-*/rps_cpus", receiving.interface)});
    }
  }
}

}  // namespace

Cpus parse_cpu_list(std::string_view list) {
  Cpus cpus;
  split(list, [&](std::string_view part) {
    const size_t dash = part.find('-');
    const auto first = number(part.substr(0, dash), 10);
    const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1), 10);
    if (!first || !last || *last > kHighestCpu) return;
    for (uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.insert(cpu);
  });
  return cpus;
}

// Words of 32 bits, the highest first.
Cpus parse_cpu_mask(std::string_view mask) {
  std::vector<uint32_t> words;
  split(mask, [&](std::string_view part) { words.push_back(number(part, 16).value_or(0)); });
  std::ranges::reverse(words);
  Cpus cpus;
  for (uint32_t i = 0; i < words.size(); ++i) {
    for (uint32_t bit = 0; bit < 32; ++bit) {
      if ((words[i] >> bit & 1) != 0) cpus.insert(i * 32 + bit);
    }
  }
  return cpus;
}

Timekeeping read_timekeeping(const std::vector<std::string>& interfaces) {
  Timekeeping host;
  host.preemption = first_line_of("/sys/kernel/debug/sched/preempt");
  utsname name{};
  if (::uname(&name) == 0) host.version = name.version;
  host.isolated = parse_cpu_list(first_line_of("/sys/devices/system/cpu/isolated"));
  for (const std::string& interface : interfaces) {
    ReceivingCpus receiving{interface, {}, steering_cpus(interface)};
    for (const std::string& card : cards_of(interface)) {
      add_all(receiving.interrupts, interrupt_cpus(card));
      add_all(receiving.steering, steering_cpus(card));
    }
    host.receiving.push_back(std::move(receiving));
  }
  return host;
}

Findings examine_timekeeping(const Timekeeping& host, const Cpus& cpus) {
  Findings findings{preemption_finding(host)};
  if (!cpus.empty()) examine_cpus(host, cpus, findings);
  return findings;
}

}  // namespace cuttle::doctor
