#include "io/available_memory.hh"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace cuttle {

namespace {

// The two versions of control groups.
struct Hierarchy {
  std::string_view line;  // what stands before the group in /proc/self/cgroup
  std::string_view folder;
  std::string_view limit;
  std::string_view use;
  // In memory.stat: copies of files, of this group and all below it. They count as used, but the kernel gives
  // them up.
  std::array<std::string_view, 2> files;
};
constexpr std::array kHierarchies{
    Hierarchy{":memory:",
              "/sys/fs/cgroup/memory",
              "memory.limit_in_bytes",
              "memory.usage_in_bytes",
              {"total_active_file", "total_inactive_file"}},
    Hierarchy{"0::", "/sys/fs/cgroup", "memory.max", "memory.current", {"active_file", "inactive_file"}},
};

std::optional<uint64_t> number_in(const std::string& file) {
  std::ifstream in(file);
  uint64_t number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

uint64_t number_after(std::string_view wanted, const std::string& file) {
  std::ifstream in(file);
  uint64_t number = 0;
  for (std::string word; in >> word;) {
    if (word == wanted && in >> number) return number;
  }
  return 0;
}

void lower(std::optional<uint64_t>& min, uint64_t left) {
  min = std::min(min.value_or(left), left);
}

// What is left of the limits from that group up. "max" is no number, and no limit. Inside a container the
// group may not be there under its name, and its limit is at the top.
void lower_to_limits(std::optional<uint64_t>& min, const std::string& root, const Hierarchy& hierarchy,
                     std::string group) {
  for (bool top = false; !top; group.resize(std::min(group.find_last_of('/'), group.size()))) {
    top = group.empty();
    const std::string folder = root + std::string(hierarchy.folder) + group + "/";
    const auto max = number_in(folder + std::string(hierarchy.limit));
    const auto used = number_in(folder + std::string(hierarchy.use));
    if (!max || !used) continue;
    uint64_t held = *used;
    for (const auto files : hierarchy.files) {
      held -= std::min(held, number_after(files, folder + "memory.stat"));
    }
    lower(min, *max - std::min(*max, held));
  }
}

}  // namespace

std::optional<uint64_t> available_memory_bytes(const std::string& root) {
  std::optional<uint64_t> min;
  if (const uint64_t kilobytes = number_after("MemAvailable:", root + "/proc/meminfo"); kilobytes > 0) {
    lower(min, kilobytes * 1024);
  }
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    for (const Hierarchy& hierarchy : kHierarchies) {
      if (line.find(hierarchy.line) == std::string::npos) continue;
      std::string group = line.substr(std::min(line.find('/'), line.size()));
      if (group == "/") group.clear();
      lower_to_limits(min, root, hierarchy, group);
    }
  }
  return min;
}

}  // namespace cuttle
