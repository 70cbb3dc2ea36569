// Lanes on different shards, and the threads of one lane, write to no common cache line: otherwise more cores
// would carry less than their number.
#include <gtest/gtest.h>

#include <set>

#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

constexpr uintptr_t kCacheLine = 64;

class LinesOf {
 public:
  template <typename... Parts>
  explicit LinesOf(const Parts&... parts) {
    (add(parts), ...);
  }
  bool share_one_with(const LinesOf& other) const {
    for (const uintptr_t line : lines_) {
      if (other.lines_.contains(line)) return true;
    }
    return false;
  }

 private:
  template <typename Part>
  void add(const Part& part) {
    const auto begin = reinterpret_cast<uintptr_t>(&part);
    for (uintptr_t at = begin / kCacheLine; at <= (begin + sizeof part - 1) / kCacheLine; ++at)
      lines_.insert(at);
  }
  std::set<uintptr_t> lines_;
};

using CacheLines = LanePair;

TEST_F(CacheLines, are_not_shared_by_the_threads_of_a_lane) {
  const Lane& lane = a->lane();
  const LinesOf packer(lane.packer, lane.checksum_wrong, lane.own_cells);
  const LinesOf pacer(lane.sender, lane.seal_lead, lane.drawn, lane.drawn_lost);
  const LinesOf receiver(lane.receiver, lane.handshake_mac, lane.packets);
  EXPECT_FALSE(packer.share_one_with(pacer));
  EXPECT_FALSE(packer.share_one_with(receiver));
  EXPECT_FALSE(pacer.share_one_with(receiver));
}

TEST_F(CacheLines, are_not_shared_by_lanes) {
  EXPECT_FALSE(LinesOf(a->lane()).share_one_with(LinesOf(b->lane())));
  EXPECT_EQ(sizeof(Lane) % kCacheLine, 0u) << "what lies behind a lane shares its last line";
}

}  // namespace
}  // namespace cuttle::testing
