#include "link/queue_clock.hh"

#include <algorithm>

namespace cuttle {

namespace {

constexpr int64_t kUnit_ns = int64_t{1} << PauseTable::kUnitLog2;
// Neighbouring lengths of time are so many units apart, give or take what is drawn.
constexpr int64_t kUnitsApart = 4;
// The longest ones, for links whose trains are rare; each fits the queue's 16 bits.
constexpr size_t kLongLevels = 16;
constexpr int64_t kUnitsOfLong = 3900;  // some 4 ms

}  // namespace

std::optional<PauseTable> PauseTable::draw(Draws& draws, uint32_t shortest_cell_frame) {
  const uint32_t steps = (shortest_cell_frame - 1) / kBytesPerStep;
  if (steps < kFirstStep + kFewestLevels) return std::nullopt;
  const size_t levels = std::min<size_t>(steps - kFirstStep, 360);
  const size_t short_levels = levels - kLongLevels;
  std::vector<Duration> lengths;
  lengths.reserve(levels);
  for (size_t i = 0; i < levels; ++i) {
    const int64_t units = i < short_levels ? kUnitsApart * static_cast<int64_t>(i + 1) +
                                                 static_cast<int64_t>(draws.below(kUnitsApart))
                                           : kUnitsOfLong * static_cast<int64_t>(i + 1 - short_levels) +
                                                 static_cast<int64_t>(draws.below(64));
    lengths.push_back({units * kUnit_ns});
  }
  return PauseTable(std::move(lengths));
}

std::vector<uint16_t> PauseTable::costs(uint32_t longest_frame) const {
  std::vector<uint16_t> costs(longest_frame / kBytesPerStep + 1);
  for (size_t i = 0; i < lengths_.size(); ++i) {
    costs[kFirstStep + i] = static_cast<uint16_t>(lengths_[i].ns >> kUnitLog2);
  }
  return costs;
}

std::optional<size_t> PauseTable::level_for(Duration at_most) const {
  const auto longer = std::upper_bound(lengths_.begin(), lengths_.end(), at_most);
  if (longer == lengths_.begin()) return std::nullopt;
  return static_cast<size_t>(longer - lengths_.begin()) - 1;
}

}  // namespace cuttle
