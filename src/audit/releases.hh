// When a link released how many cells: all that timing alone can tell an observer of equal cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cuttle::audit {

// The trains of one window, in the order of time; both lists are as long.
struct Releases {
  std::vector<int64_t> at_ns;   // of each train's first cell, as the capture's stamps
  std::vector<uint32_t> cells;  // of each train
  std::vector<uint16_t> link;   // which of a node's links it left on; empty where there is one only

  size_t size() const { return at_ns.size(); }
  void add(int64_t time_ns, uint32_t count) {
    at_ns.push_back(time_ns);
    cells.push_back(count);
  }
};

// The links of one sender together, in the order of time.
Releases merge_links(const std::vector<const Releases*>& links);

}  // namespace cuttle::audit
