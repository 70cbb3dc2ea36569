#include "audit/releases.hh"

#include <algorithm>
#include <numeric>

namespace cuttle::audit {

Releases merge_links(const std::vector<const Releases*>& links) {
  Releases joined;
  for (size_t l = 0; l < links.size(); ++l) {
    joined.at_ns.insert(joined.at_ns.end(), links[l]->at_ns.begin(), links[l]->at_ns.end());
    joined.cells.insert(joined.cells.end(), links[l]->cells.begin(), links[l]->cells.end());
    joined.link.insert(joined.link.end(), links[l]->size(), static_cast<uint16_t>(l));
  }
  std::vector<size_t> order(joined.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return joined.at_ns[a] < joined.at_ns[b]; });
  Releases merged;
  for (const size_t i : order) {
    merged.add(joined.at_ns[i], joined.cells[i]);
    merged.link.push_back(joined.link[i]);
  }
  return merged;
}

}  // namespace cuttle::audit
