// One sequence of releases for all lanes of a pacer whose slots are equal. Were each lane drawn by itself,
// the releases of two would come arbitrarily near to each other, nearer than a queue or a thread can keep
// them apart, and then how late the first one was would show in the second. Here the instants of a slot are
// drawn together and dealt in turn: of three times as many, put in order, every third one. So a short gap is
// rare, the rarer the shorter.
//
// Every slot has a key stream of its own, and whose turn is when depends on who is a member and nothing else:
// lanes may ask for their slots in any order.
//
// One thread. Allocates when lanes come and go, and not otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "link/draws.hh"
#include "link/slot_plan.hh"

namespace cuttle {

class TurnSequence {
 public:
  // Of a slot, of all members together: beyond that, gaps are so short anyway that lateness shows.
  static constexpr uint32_t kMaxReleases = 32;

  struct Place {
    uint32_t member;
    uint64_t first_slot;  // from which on it has its turns
  };

  TurnSequence(const SlotPlan& plan, Instant epoch, Draws draws)
      : plan_(plan), epoch_(epoch), draws_(std::move(draws)) {}

  Instant epoch() const { return epoch_; }
  // Whether a lane of that plan can join.
  bool has_room_for(const SlotPlan& plan) const;
  Place handle_join();
  void handle_leave(uint32_t member);
  // Another generator, for the slots that are not drawn yet.
  void handle_draws(Draws draws) { draws_ = std::move(draws); }
  bool is_empty() const { return members_.empty(); }

  // The releases of a member in that slot (its first one or a later one; slots never go back), in order, in
  // nanoseconds after the slot's beginning.
  void poll_offsets(uint32_t member, uint64_t slot, std::span<uint32_t> offsets_ns);

 private:
  struct Member {
    uint32_t number;
    uint64_t slot;  // for which it asked last
  };
  struct Layout {
    uint64_t from_slot;
    std::vector<uint32_t> members;  // in the order of their turns
  };
  struct Drawn {
    uint64_t slot = UINT64_MAX;
    std::array<uint32_t, kMaxReleases> offsets_ns{};
  };

  void change_layout();
  const Layout& layout_of(uint64_t slot) const;
  void forget_old_layouts();
  const Drawn& draw(uint64_t slot, const Layout& layout);

  SlotPlan plan_;
  Instant epoch_;
  Draws draws_;
  std::vector<Member> members_;
  std::vector<Layout> layouts_;  // by from_slot
  uint32_t next_number_ = 0;
  uint64_t next_slot_ = 0;      // after the last one that anybody asked for
  std::array<Drawn, 2> drawn_;  // of even and odd slots
};

}  // namespace cuttle
