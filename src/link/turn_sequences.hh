// Which lanes of a pacer take turns in one sequence of releases: those whose slots are equal and drawn.
//
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "link/sender.hh"
#include "link/turn_sequence.hh"

namespace cuttle {

class TurnSequences {
 public:
  // A lane comes, before its first release. The sender stays where it is in memory until handle_leave().
  void handle_join(LaneSender& sender);
  void handle_leave(const LaneSender& sender);

  // A lane that is here, or was not drawn together with others until now, is to have that plan, in slots
  // counted from `epoch` where nobody has such slots yet. It has a place for it at once, so that lanes which
  // change together miss no slot of each other's. Another one replaces it.
  void handle_coming(LaneSender& sender, const SlotPlan& plan, Instant epoch);
  void handle_coming_no_more(const LaneSender& sender);
  // The lane's draws are under another key by now: so are those of the slots that it is to have.
  void handle_coming_draws(LaneSender& sender);
  // After handle_leave(): it has that plan now, in slots that do not begin before `from`.
  void handle_arrived(LaneSender& sender, Instant from);

 private:
  struct Member {
    const LaneSender* sender;
    TurnSequence* sequence;
    uint32_t number;
  };

  struct Coming {
    Member member;
    TurnSequence::Place place;
  };

  static bool has_turns(const SlotPlan& plan);
  TurnSequence& turn_sequence_for(LaneSender& sender, const SlotPlan& plan, Instant epoch);
  void leave(const Member& member);

  std::vector<std::unique_ptr<TurnSequence>> sequences_;
  std::vector<Member> members_;
  std::vector<Coming> coming_;
};

}  // namespace cuttle
