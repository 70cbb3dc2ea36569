// Windows as raw sequences, for a classifier that chooses its own features: per link the logarithms of the
// gaps between releases and the cells in each millisecond; per sender of several links the distances to its
// grid.
#pragma once

#include <string>
#include <vector>

#include "audit/residual_table.hh"

namespace cuttle::audit {

struct Sequences {
  std::string name;                      // "mon -> osd0, log gaps"
  std::vector<std::vector<float>> rows;  // one a window, of any length
};

inline constexpr size_t kLongestSequence = 2'048;  // what comes later in a window is not looked at

std::vector<Sequences> make_sequences(const std::vector<ReleaseSource>& sources, const WindowPlan& plan);

}  // namespace cuttle::audit
