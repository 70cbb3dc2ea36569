// Lanes of one pacer with equal slots release a few at a time, a fixed step apart, so that one wake-up serves
// them all: on a node with many links, wake-ups are most of what an idle slot costs. When each lane releases
// is as fixed as without; who is in a group, and where in it, depends on the configuration and on the order
// in which links came and went.
//
// Only plain slots: those with jitter or scatter are drawn for each lane by itself.
#pragma once

#include <array>
#include <vector>

#include "base/time.hh"
#include "link/sender.hh"

namespace cuttle {

class SlotGroups {
 public:
  static constexpr size_t kMaxLanes = 8;
  // A group takes at most this share of its slot.
  static constexpr int64_t kSlotShare = 4;

  // A lane comes, whose release takes less than `work` from sealing to the end of the system call (of lanes
  // with equal slots, what the first one said holds): when its slot 0 should begin. The sender stays where it
  // is in memory until handle_leave().
  Instant handle_join(const LaneSender& sender, Duration work);
  void handle_leave(const LaneSender& sender);

 private:
  struct Group {
    SlotPlan plan;
    size_t cell_bytes;
    Instant epoch;  // of the first place
    Duration step;  // to the next
    std::array<const LaneSender*, kMaxLanes> places{};

    bool is_for(const LaneSender& sender) const;
  };

  Instant apart_from_others(const LaneSender& sender) const;

  std::vector<Group> groups_;
};

}  // namespace cuttle
