// Taking a trial away, by nothing but its names: after Enter, after an interrupt, after a crash.
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "io/child_process.hh"
#include "io/clock.hh"
#include "io/command.hh"
#include "io/network_namespace.hh"
#include "try/stage.hh"

namespace cuttle::trial {

namespace {

constexpr Duration kCommandTimeout = seconds(10);
constexpr Duration kFarewell = seconds(3);
constexpr Duration kLookAgain = milliseconds(20);

Result<std::vector<pid_t>> processes_in(const Node& node) {
  const auto listed = run_good_command({"ip", "netns", "pids", node.name_space}, kCommandTimeout);
  if (!listed) return tl::unexpected(listed.error());
  std::vector<pid_t> pids;
  std::istringstream lines(*listed);
  for (pid_t pid = 0; lines >> pid;) {
    pids.push_back(pid);
  }
  return pids;
}

// An agent ends at SIGTERM, as most do; a shell at SIGHUP; the rest is not asked.
Result<void> end_processes(const Node& node) {
  const MonotonicClock clock;
  for (const int signal : {SIGTERM, SIGHUP, SIGKILL}) {
    const Instant until = clock.now() + kFarewell;
    for (bool first = true; clock.now() < until; first = false) {
      const auto pids = processes_in(node);
      if (!pids) return tl::unexpected(pids.error());
      if (pids->empty()) return {};
      for (const pid_t pid : *pids) {
        if (first) signal_process(pid, signal);
      }
      clock.sleep_until(clock.now() + kLookAgain);
    }
  }
  return failure("a process in " + node.name_space + " does not end");
}

}  // namespace

Result<std::vector<std::string>> take_away(const Place& place) {
  std::vector<std::string> there;
  for (const Node& node : place.nodes) {
    if (!network_namespace_exists(node.name_space)) continue;
    if (auto ended = end_processes(node); !ended) return tl::unexpected(ended.error());
    const auto gone = run_good_command({"ip", "netns", "delete", node.name_space}, kCommandTimeout);
    if (!gone) return tl::unexpected(gone.error());
    there.push_back(node.name_space);
  }
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(place.folder, error), end; !error && entry != end;
       entry.increment(error))
    files.push_back(entry->path());
  for (const std::filesystem::path& file : files) {
    std::filesystem::remove_all(file, error);
    if (error) return failure(file.string() + ": " + error.message());
  }
  if (!files.empty()) there.push_back(place.folder);
  return there;
}

}  // namespace cuttle::trial
