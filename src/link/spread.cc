#include "link/spread.hh"

#include <algorithm>
#include <array>

#include "base/check.hh"

namespace cuttle {

void draw_spread(Draws& draws, Spread spread, Duration width, std::span<uint32_t> offsets_ns) {
  const size_t releases = offsets_ns.size();
  if (releases == 1) {
    offsets_ns[0] = static_cast<uint32_t>(draws.below(static_cast<uint64_t>(width.ns)));
    return;
  }
  const auto every = static_cast<size_t>(spread);
  std::array<uint32_t, static_cast<size_t>(Spread::every_third) * kMaxReleasesPerSlot> room;
  CUTTLE_CHECK(every * releases <= room.size(), "a slot has so many releases at the most");
  const int64_t share = width.ns / static_cast<int64_t>(releases);
  const int64_t distance = std::min(kSpreadDistance.ns, share / 2);
  const auto free = static_cast<uint64_t>(width.ns - distance * static_cast<int64_t>(releases));
  const std::span drawn = std::span(room).first(every * releases);
  for (uint32_t& instant : drawn) instant = static_cast<uint32_t>(draws.below(free));
  std::sort(drawn.begin(), drawn.end());
  for (size_t i = 0; i < releases; ++i)
    offsets_ns[i] = drawn[every * i + 1] + static_cast<uint32_t>(distance * static_cast<int64_t>(i));
}

}  // namespace cuttle
