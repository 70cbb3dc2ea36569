// The lanes of one pacer, and whose release is next. Lanes that join take their places among the others:
// equal slots in groups (slot_groups.hh) or in turns (link/turn_sequences.hh). Lanes that change their plan
// (LaneSender::handle_change) do so here, between two slots.
//
// One thread. A lane stays where it is in memory until it left.
#pragma once

#include <optional>
#include <vector>

#include "engine/lane.hh"
#include "engine/slot_groups.hh"
#include "link/turn_sequences.hh"

namespace cuttle {

class PacedLanes {
 public:
  struct Due {
    Instant deadline{};
    Lane* lane;
    bool in_group = false;  // its slots were moved to those of other lanes
    // The place it has for a coming plan.
    struct Place {
      ChangeStep change;
      Instant epoch;
      uint32_t draw_keys;  // of its sender by then
    };
    std::optional<Place> place{};
    bool operator>(const Due& other) const { return deadline > other.deadline; }
  };

  // With room for so many lanes and more that join later, for which nothing need grow.
  explicit PacedLanes(size_t lanes);

  void handle_join(Lane& lane, Instant now);
  void handle_leave(const Lane& lane);
  bool empty() const { return due_.empty(); }

  // The earliest.
  const Due& next() const { return due_.front(); }
  // That one was released: its place is another now.
  void handle_released();

 private:
  void follow_change(Due& due);
  void change(Due& due);

  std::vector<Due> due_;  // a heap, earliest deadline first
  SlotGroups groups_;
  TurnSequences sequences_;
};

}  // namespace cuttle
